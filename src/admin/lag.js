import { quoteIdentifier } from '../postgres/identifier.js';
/** Counting as many takes about a tenth of a second; a lag beyond it needs no exact figure. */
const countedAtMost = 100_000;
const lagSql = (schema) => `
  with waiting as (
    select e.position, pg_column_size(e.payload) as bytes from ${schema}.events e
    where e.position > $1::bigint order by e.position limit $2::int
  )
  select count(*)::text as events, coalesce(sum(bytes), 0)::text as bytes,
    (select extract(epoch from clock_timestamp() - e.occurred_at)::float8 from ${schema}.events e
      where e.position > $1::bigint order by e.position limit 1) as seconds
  from waiting`;
/**
 * @param after position of the last event that has left
 * @param end last position drawn
 */
export const lagBehind = async (database, after, end) => {
    const sql = lagSql(quoteIdentifier('schema', database.schema));
    const { rows } = await database.query(sql, [String(after), countedAtMost]);
    const counted = BigInt(rows[0]?.events ?? '0');
    const bytes = BigInt(rows[0]?.bytes ?? '0');
    // The clock of a writer may be ahead of the database's.
    const seconds = Math.max(0, rows[0]?.seconds ?? 0);
    if (counted < BigInt(countedAtMost))
        return { events: counted, bytes, counted: true, seconds };
    const events = end - after;
    return { events, bytes: (bytes * events) / counted, counted: false, seconds };
};
