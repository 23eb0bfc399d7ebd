import { plainText } from '../dead-letter/queue.ts'
import type { Cause } from '../dead-letter/set-aside.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { markId } from './inbox/mark-id.ts'

/** An event that failed and will be tried again. */
export interface Retry {
  /** Of the event. */
  readonly id: string
  /** Failed so far, over all instances and restarts. */
  readonly attempts: number
  readonly firstFailedAt: Date
  readonly nextAt: Date
}

interface RetryRow {
  readonly id: string
  readonly attempts: number
  readonly first_failed_at: Date
  readonly next_at: Date
}

/** Loaded at most. Of others the attempts are known again when they fail the next time. */
const mostLoaded = 10_000
const longestCause = 1_000

const table = (schema: string): string => `${quoteIdentifier('schema', schema)}.consumer_retries`

const loadSql = (schema: string): string => `
  select id, attempts, first_failed_at, next_at from ${table(schema)}
  where consumer = $1 order by next_at desc limit ${mostLoaded}`

const retryOf = ({ id, attempts, first_failed_at, next_at }: RetryRow): Retry => ({
  id,
  attempts,
  firstFailedAt: first_failed_at,
  nextAt: next_at,
})

/** What is being tried again, by the event's id: those due last, where there are very many. */
export const loadRetries = async (
  database: Database,
  consumer: number,
): Promise<ReadonlyMap<string, Retry>> => {
  const { rows } = await database.query<RetryRow>(loadSql(database.schema), [consumer])
  return new Map(rows.map((row) => [row.id, retryOf(row)]))
}

const saveSql = (schema: string): string => `
  insert into ${table(schema)} as known (consumer, event, id, attempts, next_at, error_code, cause)
  values ($1, $2, $3, 1, clock_timestamp() + $4 * interval '1 millisecond', $5, $6)
  on conflict on constraint consumer_retries_pkey do update
  set attempts = known.attempts + 1, failed_at = clock_timestamp(),
      next_at = clock_timestamp() + $4 * interval '1 millisecond',
      error_code = excluded.error_code, cause = excluded.cause
  returning id, attempts, first_failed_at, next_at`

export interface Failed {
  /** Of the event. */
  readonly id: string
  /** Milliseconds until the next try. */
  readonly delay: number
  readonly cause: Cause
}

/** Counts a failure, outside of the transaction that failed. */
export const saveRetry = async (database: Database, consumer: number, failed: Failed): Promise<Retry> => {
  const { id, delay, cause } = failed
  const text = plainText(cause.message).slice(0, longestCause)
  const values = [consumer, markId(id), plainText(id), Math.ceil(delay), cause.code, text]
  const [row] = (await database.query<RetryRow>(saveSql(database.schema), values)).rows
  if (row === undefined) throw new Error('a retry was not written')
  return { ...retryOf(row), id }
}

const forgetSql = (schema: string): string =>
  `delete from ${table(schema)} where consumer = $1 and event = any($2::uuid[])`

/** In the transaction in which the events succeed or are parked. */
export const forgetRetries = async (
  tx: Transaction,
  consumer: number,
  ids: readonly string[],
): Promise<void> => {
  if (ids.length > 0) await tx.query(forgetSql(tx.schema), [consumer, ids.map(markId)])
}
