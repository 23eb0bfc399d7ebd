import { closeEmptyQueues } from '../../dead-letter/close-queues.ts'
import { type Head, markDelivered, parkHead, takeHead } from '../../dead-letter/take-head.ts'
import { failpoint } from '../../lifecycle/failpoint.ts'
import { pause } from '../../lifecycle/pause.ts'
import { append } from '../../log/append.ts'
import type { Transaction } from '../../postgres/database.ts'
import type { Context } from '../context.ts'
import { markInbox } from '../inbox/mark.ts'
import { limitTransaction } from '../lane/attempt.ts'
import { decide, waitOf } from '../lane/decide.ts'
import { type Failure, failureOf, isNobodysFault, own } from '../lane/failure.ts'
import { runHandler } from '../lane/run-handler.ts'
import { deliveredOf } from '../message/outgoing.ts'
import { readEvent } from '../message/read-event.ts'
import type { Receive } from '../message/received.ts'

export interface RedriveOptions {
  readonly context: Context
  readonly receive: Receive
  /** Milliseconds between two looks for what operators released. */
  readonly every: number
  readonly signal: AbortSignal
}

/** A queue whose head failed in passing: left alone for a while. */
interface Resting {
  /** Of the head. */
  readonly number: bigint
  readonly until: number
  readonly since: number
  readonly attempts: number
}

type Rests = ReadonlyMap<bigint, Resting>

/** Attempts since it was released. */
const triedOf = (resting: Rests, { number, queue }: Head): number => {
  const rest = resting.get(queue)
  return rest?.number === number ? rest.attempts : 0
}

/** Ends the transaction in which the head of a queue failed. */
class HeadFailed extends Error {
  override readonly name = 'HeadFailed'
  readonly head: Head
  readonly failure: Failure

  constructor(head: Head, failure: Failure) {
    super(failure.cause.message)
    this.head = head
    this.failure = failure
  }
}

const handleHead = async (
  options: RedriveOptions,
  tx: Transaction,
  head: Head,
  attempt: number,
): Promise<number> => {
  const { context, receive, signal } = options
  const { timeout } = context.consumer.plan
  const received = receive(deliveredOf(head.record, head.position))
  if (received.kind === 'unreadable') {
    throw new HeadFailed(head, { verdict: 'permanent', cause: received.cause })
  }
  if (received.kind === 'other') {
    const cause = { code: 'UNKNOWN_EVENT_TYPE', message: `no handler of ${received.type ?? 'no type'}` }
    throw new HeadFailed(head, { verdict: 'permanent', cause })
  }
  const { handler, record } = received
  // Also where the value was edited, and the id is declared to come from it.
  const event = readEvent({ ...received, id: head.id })
  const answer = await runHandler({
    ...{ handler, event, record, tx, attempt, timeout, signal },
    straggling: () => undefined,
  })
  if (answer.answer === 'retry') {
    const cause = { code: 'RETRY', message: 'the handler asked for another attempt' }
    throw new HeadFailed(head, { verdict: 'transient', cause, after: answer.after })
  }
  if (answer.answer === 'dead-letter') {
    const cause = { code: 'HANDLER_REFUSED', message: answer.reason }
    throw new HeadFailed(head, { verdict: 'permanent', cause })
  }
  if (answer.answer === 'skip' || answer.events.length === 0) return 0
  await append(tx, answer.events)
  return answer.events.length
}

/**
 * Runs the head of one released queue: effects, emitted events and the end of the dead letter commit together, so doing
 * it again does nothing. The lock on its queue keeps every other instance from it.
 */
const redriveOne = (options: RedriveOptions, resting: Rests) => {
  const except = [...resting].filter(([, { until }]) => until > Date.now()).map(([queue]) => queue)
  const { context } = options
  return context.database.transaction(async (tx) => {
    await own(limitTransaction(tx, context.consumer.plan.timeout))
    const head = await own(takeHead(tx, context.reader, except))
    if (head === undefined) return undefined
    try {
      const attempt = head.attempts + triedOf(resting, head) + 1
      const events = await handleHead(options, tx, head, attempt)
      // It is there already; a repeat that comes long after its first mark has to find it all the same.
      await own(markInbox(tx, context.id, [head.id]))
      await own(markDelivered(tx, head))
      return { head, events }
    } catch (error) {
      if (isNobodysFault(error) || error instanceof HeadFailed) throw error
      throw new HeadFailed(head, failureOf(error))
    }
  })
}

/** As for what comes from the transport: undefined where it is to be parked again. */
const restOf = (
  { consumer }: Context,
  { head, failure }: HeadFailed,
  resting: Rests,
): Resting | undefined => {
  const now = Date.now()
  const attempts = triedOf(resting, head) + 1
  const since = attempts === 1 ? now : (resting.get(head.queue)?.since ?? now)
  const until = now + waitOf(consumer.plan, failure, attempts)
  const made = { id: head.id, attempts, firstFailedAt: new Date(since), nextAt: new Date(until) }
  const decision = decide(consumer.plan, failure, made, now)
  return decision.next === 'give up' ? undefined : { number: head.number, until, since, attempts }
}

/** Lets a queue rest whose head failed in passing, or parks the head again. */
const setBack = async (
  { context }: RedriveOptions,
  resting: Map<bigint, Resting>,
  failed: HeadFailed,
): Promise<void> => {
  const { head, failure } = failed
  const rest = restOf(context, failed, resting)
  if (rest !== undefined) {
    resting.set(head.queue, rest)
    return
  }
  resting.delete(head.queue)
  await context.database.transaction(async (tx) => {
    await limitTransaction(tx, context.consumer.plan.timeout)
    await parkHead(tx, head, failure.cause)
  })
}

/** Queues that stay open cost every look at the others: with 3,000 of them a head took 7.3 ms, closed so often 3.8. */
const closeEvery = 50

/** Runs what may run now; the queues that failed in passing rest. */
const redriveAll = async (options: RedriveOptions, resting: Map<bigint, Resting>): Promise<void> => {
  const { context, signal } = options
  for (let heads = 1; !signal.aborted; heads++) {
    try {
      const done = await redriveOne(options, resting)
      if (done === undefined) break
      failpoint('consumer.redriven')
      resting.delete(done.head.queue)
      context.watch.redriven(done.head)
      if (done.events > 0) context.recorded()
    } catch (error) {
      if (!(error instanceof HeadFailed)) throw error
      await setBack(options, resting, error)
    }
    if (heads % closeEvery === 0) await closeEmptyQueues(context.database, context.reader)
  }
  await closeEmptyQueues(context.database, context.reader)
}

/** Looks for what operators released, until told to stop. */
export const keepRedriving = async (options: RedriveOptions): Promise<void> => {
  const { context, every, signal } = options
  const resting = new Map<bigint, Resting>()
  while (!signal.aborted) {
    try {
      await redriveAll(options, resting)
      context.watch.well('redrive')
      await context.watch.look()
    } catch (error) {
      if (!signal.aborted) context.watch.outage('redrive', error)
    }
    await pause(every, signal)
  }
}
