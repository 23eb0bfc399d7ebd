import { setTimeout as wait } from 'node:timers/promises'
import { isOnewriteError, OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Transaction, TransactionOptions } from '../postgres/database.ts'
import { transactionOf } from './append.ts'

export interface RecordOptions extends TransactionOptions {
  /** Milliseconds to look for the outcome of a COMMIT whose reply was lost. Default 30,000. */
  readonly resolveFor?: number
}

type Outcome = 'committed' | 'rolled back' | 'unknown'

// pg_xact_status knows the fate of every recent transaction, also of one that a crash of the server ended.
const statusSql = 'select pg_xact_status($1::text::xid8) as status'

const outcomeOf = async (database: Database, transactionId: string, until: number): Promise<Outcome> => {
  for (let delay = 20; performance.now() < until; delay = Math.min(delay * 2, 1000)) {
    try {
      const { rows } = await database.query<{ status: string | null }>(statusSql, [transactionId])
      const status = rows[0]?.status
      if (status === 'committed') return 'committed'
      if (status === 'aborted') return 'rolled back'
      if (status !== 'in progress') return 'unknown'
    } catch (error) {
      if (!isOnewriteError(error, 'DATABASE_UNREACHABLE')) return 'unknown'
    }
    await wait(delay)
  }
  return 'unknown'
}

/**
 * Runs `work` in a transaction, like `database.transaction`. When the connection is lost while COMMIT is in flight, it
 * asks PostgreSQL what became of the transaction, as far as `work` appended: a commit that succeeded is returned as
 * one, and one that did not is reported as TRANSACTION_LOST. Nothing is run twice.
 *
 * @throws TRANSACTION_LOST, COMMIT_UNKNOWN (the outcome could not be learnt in time), COMMIT_REFUSED
 */
export const record = async <T>(
  database: Database,
  work: (tx: Transaction) => Promise<T>,
  { resolveFor = 30_000, ...options }: RecordOptions = {},
): Promise<T> => {
  let done: { readonly result: T; readonly transactionId: string | undefined } | undefined
  try {
    return await database.transaction(async (tx) => {
      const result = await work(tx)
      done = { result, transactionId: transactionOf(tx) }
      return result
    }, options)
  } catch (error) {
    if (!isOnewriteError(error, 'COMMIT_UNKNOWN') || done?.transactionId === undefined) throw error
    const outcome = await outcomeOf(database, done.transactionId, performance.now() + resolveFor)
    if (outcome === 'committed') return done.result
    if (outcome === 'rolled back') throw new OnewriteError('TRANSACTION_LOST', {}, { cause: error })
    throw error
  }
}
