import { setImmediate as nextTurn } from 'node:timers/promises'
import { isOnewriteError } from '../error/onewrite-error.ts'
import { failpoint } from '../lifecycle/failpoint.ts'
import { checkCommitted, sendCommit } from './commit.ts'
import { type ErrorPlace, sqlState } from './connection-error.ts'
import type { Settled, Transaction } from './database.ts'
import { runQuery } from './run-query.ts'
import { type BorrowedClient, rollback, runTransaction } from './run-transaction.ts'
import { openHandle, type Run, type TransactionHandle } from './transaction-handle.ts'

type Promises = readonly Promise<unknown>[] | []
type Outcomes = readonly PromiseSettledResult<unknown>[]

const isConsequence = (reason: unknown): boolean => sqlState(reason) === '25P02'
const isLoss = (reason: unknown): boolean => isOnewriteError(reason, 'DATABASE_UNREACHABLE')

/** Throws what failed first, rather than the refusals of the aborted transaction that follow from it. */
const throwFirst = (outcomes: Outcomes): void => {
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
  const first = failed.find(({ reason }) => !isConsequence(reason)) ?? failed[0]
  if (first !== undefined) throw first.reason
}

/**
 * Whether COMMIT may be sent without waiting for answers: every promise has a statement of its own on the way, and
 * none has failed before it got there (input that was refused, say). Otherwise COMMIT would keep half of the work.
 */
const allOnTheWay = async (promises: Promises, handle: TransactionHandle): Promise<boolean> => {
  let failed = false
  for (const promise of promises) {
    promise.catch(() => {
      failed = true
    })
  }
  // Lets all that needs no input or output come to its end.
  await nextTurn()
  return !failed && handle.statements() >= promises.length - 1
}

/** One round trip: COMMIT is on the way with the statements, whose own errors are reported before its. */
const commitWith = async (borrowed: BorrowedClient, place: ErrorPlace, work: Promises): Promise<string> => {
  try {
    failpoint('transaction.beforeCommit')
  } catch (error) {
    await rollback(borrowed)
    throw error
  }
  const [[committed], outcomes] = await Promise.all([
    Promise.allSettled([sendCommit(borrowed.client, place)]),
    Promise.allSettled(work),
  ])
  // A statement that lost its connection leaves open whether COMMIT got through: only COMMIT's own error says that.
  throwFirst(outcomes.filter((outcome) => outcome.status === 'fulfilled' || !isLoss(outcome.reason)))
  if (committed.status === 'rejected') throw committed.reason
  throwFirst(outcomes)
  return committed.value
}

/** Waits for all of the work, so that nothing of it is still running when the transaction ends. */
const settle = async <const T extends Promises>(started: T): Promise<Settled<T>> => {
  throwFirst(await Promise.allSettled(started))
  return Promise.all(started)
}

/** Two round trips: all answers, then COMMIT. */
const commitAfter = async (borrowed: BorrowedClient, place: ErrorPlace, work: Promises): Promise<string> => {
  try {
    await settle(work)
    failpoint('transaction.beforeCommit')
  } catch (error) {
    await rollback(borrowed)
    throw error
  }
  return sendCommit(borrowed.client, place)
}

/** For a client that does not pipeline: the statements one after the other, in an ordinary transaction. */
const runInTurn = <const T extends Promises>(
  borrowed: BorrowedClient,
  place: ErrorPlace,
  work: (tx: Transaction) => T,
): Promise<Settled<T>> =>
  runTransaction(borrowed, place, (tx) => {
    let last: Promise<unknown> = Promise.resolve()
    const query: Run = <Row>(text: string, values?: readonly unknown[]) => {
      const answer = last.then(() => tx.query<Row>(text, values))
      last = answer.catch(() => undefined)
      return answer
    }
    return settle(work({ ...tx, query }))
  })

/** What `work` started, or a promise of what it threw; either way something to be settled. */
const startWork = <const T extends Promises>(
  work: (tx: Transaction) => T,
  tx: Transaction,
): { readonly promises: Promises; readonly values: () => Promise<Settled<T>> } => {
  try {
    const started = work(tx)
    return { promises: started, values: () => Promise.all(started) }
  } catch (error) {
    const failed = Promise.reject(error)
    return { promises: [failed], values: () => failed }
  }
}

const runTogether = async <const T extends Promises>(
  borrowed: BorrowedClient,
  place: ErrorPlace,
  work: (tx: Transaction) => T,
): Promise<Settled<T>> => {
  const { client } = borrowed
  const { stream } = client.connection
  const handle = openHandle(place.schema, (text, values) => runQuery(client, place, text, values))
  // Corked, so that all of it leaves in one packet.
  stream.cork()
  const begun = runQuery(client, place, 'BEGIN')
  const { promises, values } = startWork(work, handle.tx)
  const all = [begun, ...promises]
  let committing: Promise<string>
  if (await allOnTheWay(all, handle)) {
    handle.end()
    committing = commitWith(borrowed, place, all)
  } else {
    committing = commitAfter(borrowed, place, all).finally(handle.end)
  }
  stream.uncork()
  checkCommitted(await committing)
  failpoint('transaction.committed')
  return values()
}

/** Sends BEGIN, the statements of `work` and COMMIT in one round trip; see `Database.pipeline`. */
export const runPipeline = <const T extends Promises>(
  borrowed: BorrowedClient,
  place: ErrorPlace,
  work: (tx: Transaction) => T,
): Promise<Settled<T>> => (borrowed.client.pipeline ? runTogether : runInTurn)(borrowed, place, work)
