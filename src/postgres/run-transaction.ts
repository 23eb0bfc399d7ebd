import type { PoolClient } from 'pg'
import { failpoint } from '../lifecycle/failpoint.ts'
import { checkCommitted, sendCommit } from './commit.ts'
import type { ErrorPlace } from './connection-error.ts'
import type { IsolationLevel, Transaction, TransactionOptions } from './database.ts'
import { runQuery } from './run-query.ts'
import { openHandle } from './transaction-handle.ts'

const begin: Record<IsolationLevel | 'default', string> = {
  default: 'BEGIN',
  'read committed': 'BEGIN ISOLATION LEVEL READ COMMITTED',
  'repeatable read': 'BEGIN ISOLATION LEVEL REPEATABLE READ',
  serializable: 'BEGIN ISOLATION LEVEL SERIALIZABLE',
}

/** A client of the pool; `discard` has it closed instead of returned. */
export interface BorrowedClient {
  readonly client: PoolClient
  discard(): void
}

/** Ends a transaction that failed. A client that cannot be rolled back never goes back to the pool. */
export const rollback = async ({ client, discard }: BorrowedClient): Promise<void> => {
  try {
    await client.query('ROLLBACK')
  } catch {
    discard()
  }
}

/** Runs `work` between BEGIN and COMMIT; see `Database.transaction`. */
export const runTransaction = async <T>(
  borrowed: BorrowedClient,
  place: ErrorPlace,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> => {
  const { client } = borrowed
  // Awaited on its own: were BEGIN refused with the first statement already sent, that one would commit by itself.
  await runQuery(client, place, begin[options.isolation ?? 'default'])
  const handle = openHandle(place.schema, (text, values) => runQuery(client, place, text, values))
  let result: T
  try {
    result = await work(handle.tx)
    failpoint('transaction.beforeCommit')
  } catch (error) {
    // Before ROLLBACK is sent: a statement of work that still goes on would follow it, and commit by itself.
    handle.end()
    await rollback(borrowed)
    throw error
  } finally {
    handle.end()
  }
  checkCommitted(await sendCommit(client, place))
  failpoint('transaction.committed')
  return result
}
