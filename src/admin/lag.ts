import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

/** What is recorded and has not left. */
export interface Lag {
  readonly events: bigint
  /** Payload as stored. */
  readonly bytes: bigint
  /** Whether they were counted; beyond 100,000 events they are estimated from their positions. */
  readonly counted: boolean
  /** Seconds since the oldest of them occurred; 0 where there is none. */
  readonly seconds: number
}

/** Counting as many takes about a tenth of a second; a lag beyond it needs no exact figure. */
const countedAtMost = 100_000

interface LagRow {
  readonly events: string
  readonly bytes: string
  readonly seconds: number | null
}

const lagSql = (schema: string): string => `
  with waiting as (
    select e.position, pg_column_size(e.payload) as bytes from ${schema}.events e
    where e.position > $1::bigint order by e.position limit $2::int
  )
  select count(*)::text as events, coalesce(sum(bytes), 0)::text as bytes,
    (select extract(epoch from clock_timestamp() - e.occurred_at)::float8 from ${schema}.events e
      where e.position > $1::bigint order by e.position limit 1) as seconds
  from waiting`

/**
 * @param after position of the last event that has left
 * @param end last position drawn
 */
export const lagBehind = async (database: Database, after: bigint, end: bigint): Promise<Lag> => {
  const sql = lagSql(quoteIdentifier('schema', database.schema))
  const { rows } = await database.query<LagRow>(sql, [String(after), countedAtMost])
  const counted = BigInt(rows[0]?.events ?? '0')
  const bytes = BigInt(rows[0]?.bytes ?? '0')
  // The clock of a writer may be ahead of the database's.
  const seconds = Math.max(0, rows[0]?.seconds ?? 0)
  if (counted < BigInt(countedAtMost)) return { events: counted, bytes, counted: true, seconds }
  const events = end - after
  return { events, bytes: (bytes * events) / counted, counted: false, seconds }
}
