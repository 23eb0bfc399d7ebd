import { OnewriteError } from '../error/onewrite-error.js';
import { decode } from '../message/decode.js';
import { quoteIdentifier } from '../postgres/identifier.js';
import { rawColumns, toRawEvent } from './raw-columns.js';
// One text array a row: the drivers of PostgreSQL disagree on what a column of another type becomes.
const streamSql = (schema) => `
  select array[${rawColumns}] as columns from ${schema}.events e
  where e.aggregate_type = $1 and e.aggregate_id = $2 and e.sequence >= $3::bigint and e.sequence <= $4::bigint
  order by e.sequence
  limit $5::int`;
const versionSql = (schema) => `select version::text from ${schema}.streams where aggregate_type = $1 and aggregate_id = $2`;
/** Sequences have no gaps: an event that is missing although the version says it was recorded is one that was dropped. */
const firstKeptSql = (schema) => `
  select coalesce((select e.sequence from ${schema}.events e
      where e.aggregate_type = $1 and e.aggregate_id = $2 and e.sequence >= $3::bigint
      order by e.sequence limit 1), s.version + 1)::text as first
  from ${schema}.streams s
  where s.aggregate_type = $1 and s.aggregate_id = $2 and s.version >= $3::bigint`;
const lastSequence = 9223372036854775807n;
/** The version of a stream: the sequence of its last event, 0 when it does not exist. */
export const streamVersion = async (database, { aggregate, aggregateId }) => {
    const sql = versionSql(quoteIdentifier('schema', database.schema));
    const { rows } = await database.query(sql, [aggregate, aggregateId]);
    return Number(rows[0]?.version ?? 0);
};
/**
 * One statement, so that an event recorded just now is in both tables or in neither.
 *
 * @throws EVENTS_DROPPED
 */
const assertStreamKept = async (database, { aggregate, aggregateId }, from) => {
    const sql = firstKeptSql(quoteIdentifier('schema', database.schema));
    const { rows } = await database.query(sql, [aggregate, aggregateId, from]);
    const first = rows[0]?.first;
    if (first === undefined || first === String(from))
        return;
    throw new OnewriteError('EVENTS_DROPPED', {
        what: `stream ${aggregate}/${aggregateId}`,
        first: `sequence ${first}`,
        asked: `sequence ${from}`,
    });
};
async function* rawStream(database, { aggregate, aggregateId }, { from = 1, to, pageSize = 500 }) {
    const sql = streamSql(quoteIdentifier('schema', database.schema));
    const last = to === undefined ? String(lastSequence) : String(to);
    let next = String(Math.max(1, from));
    for (;;) {
        const values = [aggregate, aggregateId, next, last, pageSize];
        const { rows } = await database.query(sql, values);
        const events = rows.map(({ columns }) => toRawEvent(columns));
        if (events[0]?.sequence !== next)
            await assertStreamKept(database, { aggregate, aggregateId }, Number(next));
        yield* events;
        const end = events.at(-1);
        if (end === undefined || events.length < pageSize)
            return;
        next = String(Number(end.sequence) + 1);
    }
}
/**
 * The events of one aggregate in order, decoded and upcast; in pages, so that a long stream needs little memory. Inside
 * a transaction it sees what that transaction has appended. Where retention has dropped events that were asked for, it
 * throws instead of beginning later.
 *
 * @throws EVENTS_DROPPED, UNKNOWN_EVENT_TYPE, UNKNOWN_EVENT_VERSION, MISSING_UPCASTER
 */
export async function* readStream(database, catalogue, stream, options = {}) {
    for await (const raw of rawStream(database, stream, options))
        yield decode(catalogue, raw);
}
