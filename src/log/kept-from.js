import { OnewriteError } from '../error/onewrite-error.js';
import { quoteIdentifier } from '../postgres/identifier.js';
export const droppedThroughSql = (schema) => `select dropped_through::text as position from ${quoteIdentifier('schema', schema)}.settings`;
/** The last position that retention has dropped; 0 where it never dropped anything. */
export const droppedThrough = async (queryable, schema) => {
    const { rows } = await queryable.query(droppedThroughSql(schema));
    return BigInt(rows[0]?.position ?? '0');
};
/** The position from which on the log is kept; 1 where retention never dropped anything. */
export const keptFrom = async (database) => (await droppedThrough(database, database.schema)) + 1n;
/** The last position that retention has dropped, asked over a raw connection. */
export const readDroppedThrough = async (connection, schema) => {
    const [row] = await connection.read(droppedThroughSql(schema));
    return BigInt(row?.[0] ?? '0');
};
/**
 * Refuses to read on after a position where events behind it are gone: what was dropped would be left out silently.
 *
 * @throws EVENTS_DROPPED
 */
export const assertKept = (after, dropped) => {
    if (after >= dropped)
        return;
    throw new OnewriteError('EVENTS_DROPPED', {
        what: 'the log',
        first: `position ${dropped + 1n}`,
        asked: `position ${after + 1n}`,
    });
};
