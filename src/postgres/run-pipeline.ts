import { setImmediate as nextTurn } from 'node:timers/promises'
import { isOnewriteError } from '../error/onewrite-error.ts'
import { failpoint } from '../lifecycle/failpoint.ts'
import { checkCommitted, sendCommit } from './commit.ts'
import { type ErrorPlace, sqlState } from './connection-error.ts'
import type { Settled, Transaction } from './database.ts'
import { runQuery } from './run-query.ts'
import { type BorrowedClient, rollback } from './run-transaction.ts'
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

/** Two round trips: all answers, then COMMIT. */
const commitAfter = async (borrowed: BorrowedClient, place: ErrorPlace, work: Promises): Promise<string> => {
  try {
    throwFirst(await Promise.allSettled(work))
    failpoint('transaction.beforeCommit')
  } catch (error) {
    await rollback(borrowed)
    throw error
  }
  return sendCommit(borrowed.client, place)
}

/** One round trip: COMMIT is on the way with the statements, whose own errors are reported before its. */
const commitWith = async (committing: Promise<string>, work: Promises): Promise<string> => {
  const [[committed], outcomes] = await Promise.all([
    Promise.allSettled([committing]),
    Promise.allSettled(work),
  ])
  // A statement that lost its connection leaves open whether COMMIT got through: only COMMIT's own error says that.
  throwFirst(outcomes.filter((outcome) => outcome.status === 'fulfilled' || !isLoss(outcome.reason)))
  if (committed.status === 'rejected') throw committed.reason
  throwFirst(outcomes)
  return committed.value
}

/** Runs statements one after the other, for a client that does not pipeline. */
const inTurn = (run: Run): Run => {
  let last: Promise<unknown> = Promise.resolve()
  return <Row>(text: string, values?: readonly unknown[]) => {
    const answer = last.then(() => run<Row>(text, values))
    last = answer.catch(() => undefined)
    return answer
  }
}

/** Sends BEGIN, the statements of `work` and COMMIT in one round trip; see `Database.pipeline`. */
export const runPipeline = async <const T extends Promises>(
  borrowed: BorrowedClient,
  place: ErrorPlace,
  work: (tx: Transaction) => T,
): Promise<Settled<T>> => {
  const { client } = borrowed
  const { stream } = client.connection
  const direct: Run = (text, values) => runQuery(client, place, text, values)
  const run = client.pipeline ? direct : inTurn(direct)
  const handle = openHandle(place.schema, run)
  // Corked, so that all of it leaves in one packet.
  stream.cork()
  const begun = run('BEGIN')
  begun.catch(() => undefined)
  let committing: Promise<string>
  let started: T
  try {
    started = work(handle.tx)
    const all = [begun, ...started]
    const together = (await allOnTheWay(all, handle)) && client.pipeline
    if (together) failpoint('transaction.beforeCommit')
    committing = together ? commitWith(sendCommit(client, place), all) : commitAfter(borrowed, place, all)
  } catch (error) {
    stream.uncork()
    await rollback(borrowed)
    throw error
  } finally {
    stream.uncork()
    handle.end()
  }
  checkCommitted(await committing)
  failpoint('transaction.committed')
  return Promise.all(started)
}
