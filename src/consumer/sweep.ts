import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

const table = (schema: string, name: 'consumer_retries' | 'notifications'): string =>
  `${quoteIdentifier('schema', schema)}.${name}`

const before = (parameter: string): string => `clock_timestamp() - ${parameter} * interval '1 millisecond'`

/** Rows per statement, and statements per look: nobody waits for a sweep. */
const mostRows = 5_000
const mostTurns = 20

const retriesSql = (schema: string): string => `
  delete from ${table(schema, 'consumer_retries')} where (consumer, event) in (
    select consumer, event from ${table(schema, 'consumer_retries')}
    where next_at < ${before('$1')} limit ${mostRows} for update skip locked)`

// What failed for good is kept for as long as somebody may ask for it.
const notificationsSql = (schema: string): string => `
  delete from ${table(schema, 'notifications')} where (consumer, event_id) in (
    select consumer, event_id from ${table(schema, 'notifications')}
    where updated_at < ${before('$1')} and status in ('SUCCEEDED', 'SKIPPED')
    limit ${mostRows} for update skip locked)`

/**
 * Forgets retries that were due before the window and did not fail again: nobody is trying them any more; and
 * notifications of what has succeeded or was skipped before it.
 */
export const sweep = async (database: Database, window: number): Promise<void> => {
  for (const sqlOf of [retriesSql, notificationsSql]) {
    for (let turn = 0; turn < mostTurns; turn += 1) {
      const { rowCount } = await database.query(sqlOf(database.schema), [window])
      if (rowCount < mostRows) break
    }
  }
}
