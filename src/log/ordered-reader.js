import { quoteIdentifier } from '../postgres/identifier.js';
import { horizon } from './horizon.js';
import { assertKept, readDroppedThrough } from './kept-from.js';
import { rawColumns, toRawEvent } from './raw-columns.js';
import { markReader } from './read-marks.js';
// The sum bounds memory when payloads grow from one page to the next. Stored size, because measuring the text of each
// payload took 20 % of the rate (82k against 97k rows/s; 158k without a sum on an idle machine).
// Columns are qualified: a bare "order by position" would sort by the text of the output column of that name.
export const pageSql = (schema) => `
  select ${rawColumns}
  from (
    select e.*, sum(pg_column_size(e.payload)) over (order by e.position rows unbounded preceding)
      - pg_column_size(e.payload) as before
    from ${schema}.events e
    where e.position > $1::bigint and e.position <= $2::bigint
    order by e.position
    limit $3::int
  ) page
  where before < $4::bigint
  order by page.position`;
/**
 * Reads the log in order of position, below the lock horizon. The marks are taken only when everything below the last
 * horizon was read: what lies below stays complete, so a backlog is read without them.
 *
 * @param from checkpoint to continue after; 0 for all of the log that is kept
 */
export const orderedReader = (connection, schema, from) => {
    const readMarks = markReader(connection, schema);
    const page = pageSql(quoteIdentifier('schema', schema));
    const line = horizon(from);
    let position = from;
    let safe = from;
    let end = from;
    let checked = from === 0n;
    return {
        next: async ({ events: limit, bytes }) => {
            // Once: what this reader has not passed yet is not dropped, as long as it is known to retention.
            if (!checked)
                assertKept(from, await readDroppedThrough(connection, schema));
            checked = true;
            if (position >= safe) {
                const found = await readMarks();
                end = found.lastPosition;
                safe = line.advance(found);
            }
            if (position >= safe)
                return { events: [], through: position, caughtUp: true, end };
            const rows = await connection.read(page, [String(position), String(safe), limit, bytes]);
            const events = rows.map(toRawEvent);
            const last = events.at(-1);
            // A page that is short for want of bytes or of a higher limit ends at its last event; only the
            // query itself can tell that nothing follows, so an exhausted range costs one more read.
            position = last === undefined ? safe : BigInt(last.position);
            return { events, through: position, caughtUp: position >= safe, end };
        },
    };
};
