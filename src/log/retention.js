import { quoteIdentifier } from '../postgres/identifier.js';
import { milliseconds } from '../retry/duration.js';
import { droppedThrough } from './kept-from.js';
import { lastPosition } from './last-position.js';
import { logPartitions } from './log-partitions.js';
import { logReaders } from './log-readers.js';
const asJson = (expression) => `to_json(${expression} at time zone 'UTC') #>> '{}'`;
/** Asked of the log, not of the partition: another instance may be dropping that. */
const within = (schema) => `from ${quoteIdentifier('schema', schema)}.events e where e.position between $2::bigint and $3::bigint`;
/** The last event is found through the index and is nearly always the newest. */
const endSql = (schema) => `
  select e.position::text as last, ${asJson('e.occurred_at')} as newest,
    e.occurred_at > clock_timestamp() - $1::bigint * interval '1 millisecond' as young
  ${within(schema)} order by e.position desc limit 1`;
/** Reads the whole partition; asked only of one that nothing else keeps. */
const newestSql = (schema) => `
  select max(e.position)::text as last, ${asJson('max(e.occurred_at)')} as newest,
    max(e.occurred_at) > clock_timestamp() - $1::bigint * interval '1 millisecond' as young
  ${within(schema)}`;
const overflowSql = (schema) => `select exists (select from ${quoteIdentifier('schema', schema)}.events_overflow) as overflow`;
/** What keeps a partition with this last event, its age aside. */
export const obstaclesIn = ({ readers, lastPosition: drawn }, { to }, last) => [
    ...(drawn < to ? [{ kind: 'incomplete' }] : []),
    ...readers
        .filter(({ position }) => position === undefined || position < (last ?? 0n))
        .map(({ name, position }) => ({ kind: 'reader', name, position })),
];
const look = async ({ database, state, after, progress }, partition, behind) => {
    const values = [after, String(partition.from), String(partition.to)];
    const ask = async (sql) => (await database.query(sql(database.schema), values)).rows[0];
    progress(partition.name);
    const end = await ask(endSql);
    const last = end?.last == null ? undefined : BigInt(end.last);
    const young = ({ newest }) => ({ kind: 'young', newest: newest ?? '' });
    const obstacles = [...obstaclesIn(state, partition, last)];
    if (end?.young === true)
        obstacles.push(young(end));
    if (behind !== undefined)
        obstacles.push({ kind: 'behind', partition: behind });
    if (obstacles.length === 0 && end !== undefined) {
        const newest = await ask(newestSql);
        if (newest?.young === true)
            obstacles.push(young(newest));
    }
    return { ...partition, last, obstacles };
};
/**
 * Which partitions retention would drop now, and why the others stay. Changes nothing. Needs SELECT on the log, as the
 * relay has.
 *
 * @throws INVALID_CONFIG
 */
export const planRetention = async (database, { after, progress = () => undefined }) => {
    const { schema } = database;
    const age = Math.ceil(milliseconds(after, 'after'));
    const state = {
        // Readers first: one that registers in between is found again before anything is dropped.
        readers: await logReaders(database, schema),
        lastPosition: await lastPosition(database),
    };
    const partitions = [];
    let behind;
    for (const partition of await logPartitions(database, schema)) {
        const plan = await look({ database, state, after: age, progress }, partition, behind);
        partitions.push(plan);
        if (plan.obstacles.length > 0)
            behind ??= plan.name;
    }
    const { rows } = await database.query(overflowSql(schema));
    return {
        partitions,
        droppedThrough: await droppedThrough(database, schema),
        overflow: rows[0]?.overflow === true,
    };
};
