import { expect } from 'vitest'
import type { Database, Transaction, TransactionOptions } from '../../src/postgres/database.ts'

/** A transaction that stays open until a test ends it. */
export interface OpenTransaction {
  readonly tx: Transaction
  commit(): Promise<void>
  rollback(): Promise<void>
}

class RolledBack extends Error {}

export const openTransaction = (
  database: Database,
  options: TransactionOptions = {},
): Promise<OpenTransaction> =>
  new Promise((opened, failed) => {
    const work = (tx: Transaction): Promise<void> =>
      new Promise((commit, rollback) => {
        const end = (how: () => void) => async (): Promise<void> => {
          how()
          await ended.catch((error: unknown) => {
            if (!(error instanceof RolledBack)) throw error
          })
        }
        opened({ tx, commit: end(commit), rollback: end(() => rollback(new RolledBack())) })
      })
    const ended = database.transaction(work, options)
    ended.catch(failed)
  })

const waitingSql = `
  select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

/** Waits until so many statements wait for a lock. */
export const untilWaiting = async (database: Database, count: number): Promise<void> => {
  await expect
    .poll(async () => (await database.query<{ count: number }>(waitingSql)).rows[0]?.count)
    .toBe(count)
}
