import { setMaxListeners } from 'node:events'
import { enqueue } from '../../dead-letter/enqueue.ts'
import { openQueuesOf } from '../../dead-letter/open-queues.ts'
import type { Cause } from '../../dead-letter/set-aside.ts'
import { OnewriteError } from '../../error/onewrite-error.ts'
import { failpoint } from '../../lifecycle/failpoint.ts'
import { append } from '../../log/append.ts'
import type { ConsumedEvent } from '../../message/consumed-event.ts'
import type { NewEvent } from '../../message/new-event.ts'
import type { Transaction } from '../../postgres/database.ts'
import type { Context } from '../context.ts'
import { markInbox } from '../inbox/mark.ts'
import { outgoingOf } from '../message/outgoing.ts'
import { readEvent } from '../message/read-event.ts'
import type { Dealt, Entry, PartitionInHand } from '../partition/in-hand.ts'
import { assertOwned } from '../partition/ownership.ts'
import {
  type Failure,
  failureOf,
  HandlerFailed,
  isNobodysFault,
  OwnFailure,
  own,
  TookTooLong,
} from './failure.ts'
import type { Unit } from './lanes.ts'
import { type Answer, runHandler } from './run-handler.ts'

export interface AttemptOptions {
  /** Milliseconds after which the whole transaction is given up, so that nobody waits for a slow handler of others. */
  readonly within?: number
}

/** One transaction, while it is being filled. */
interface Filling {
  readonly tx: Transaction
  /** Ids that the inbox had not. */
  readonly fresh: Set<string>
  /** Queues of quarantined keys. */
  readonly open: ReadonlySet<string>
  readonly signal: AbortSignal
  readonly behind: Entry[]
  readonly events: NewEvent[]
  readonly dealt: Dealt[]
}

// So that a process that was stopped, and a statement that never ends, let go of their locks.
const limitsSql = `
  select set_config('statement_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $2, true)`

/** A handler has `timeout`; what onewrite itself does needs a moment more. */
const grace = 5_000

export const limitTransaction = (tx: Transaction, timeout: number) =>
  tx.query(limitsSql, [String(timeout + grace), String(timeout + grace)])

/** Begins a transaction of a consumer: its limits, which of the ids are new, and which keys are quarantined. */
const begin = async ({ consumer, id, reader }: Context, tx: Transaction, entries: readonly Entry[]) => {
  const ids = [...new Set(entries.map(({ received }) => received.id))]
  const queues = [...new Map(entries.map(({ received }) => [received.lane, received.queue])).values()]
  // One round trip; the limits first, since a mark waits for whoever else marks the same.
  const limits = limitTransaction(tx, consumer.plan.timeout)
  const [fresh, open] = await own(
    Promise.all([markInbox(tx, id, ids), openQueuesOf(tx, reader, queues), limits]),
  )
  return { fresh, open }
}

const refusal = (type: string, answer: Exclude<Answer, { answer: 'done' | 'skip' }>) => {
  if (answer.answer === 'retry') {
    const cause = { code: 'RETRY', message: 'the handler asked for another attempt' }
    return { verdict: 'transient', cause, after: answer.after } as const
  }
  return failureOf(new OnewriteError('HANDLER_REFUSED', { type, reason: answer.reason }))
}

/** No handler was asked. */
interface Unreadable {
  readonly answer: 'unreadable'
  readonly cause: Cause
}

/** Of a record that its consumer passes over where it cannot be read. */
const unreadable = (entry: Entry, failure: Failure): Unreadable => {
  if (entry.received.whenUnreadable === 'skip') return { answer: 'unreadable', cause: failure.cause }
  throw new HandlerFailed(entry, failure)
}

const answerOf = async (
  context: Context,
  { tx, signal }: Filling,
  entry: Entry,
): Promise<Answer | Unreadable> => {
  const { received } = entry
  if (received.kind === 'unreadable') {
    return unreadable(entry, { verdict: 'permanent', cause: received.cause })
  }
  const { consumer, retries, stragglers } = context
  const { timeout } = consumer.plan
  const { handler, record, lane } = received
  let event: ConsumedEvent
  try {
    event = readEvent(received)
  } catch (error) {
    return unreadable(entry, failureOf(error))
  }
  const attempt = (retries.get(received.id)?.attempts ?? 0) + 1
  const straggling = (handled: Promise<unknown>): void => {
    const ended = handled.catch(() => undefined).finally(() => stragglers.delete(lane))
    stragglers.set(lane, ended)
  }
  return runHandler({ handler, event, record, tx, attempt, timeout, signal, straggling })
}

const handle = async (context: Context, filling: Filling, entry: Entry): Promise<void> => {
  const { received } = entry
  let answer: Answer | Unreadable
  try {
    answer = await answerOf(context, filling, entry)
  } catch (error) {
    if (filling.signal.aborted) throw filling.signal.reason
    if (isNobodysFault(error)) throw new OwnFailure(error)
    throw error instanceof HandlerFailed
      ? error
      : new HandlerFailed(entry, failureOf(error), { cause: error })
  }
  if (answer.answer === 'done') {
    filling.events.push(...answer.events)
    filling.dealt.push({ entry, end: 'done' })
  } else if (answer.answer === 'skip') {
    filling.dealt.push({ entry, end: 'skipped', reason: answer.reason })
  } else if (answer.answer === 'unreadable') {
    filling.dealt.push({ entry, end: 'unreadable', reason: answer.cause.message })
  } else {
    const type = received.kind === 'event' ? received.type : 'unknown'
    throw new HandlerFailed(entry, refusal(type, answer))
  }
}

/** One lane, in order. An event that is there twice counts once. */
const runLane = async (context: Context, filling: Filling, { lane, entries }: Unit): Promise<void> => {
  const { fresh, open, behind, dealt, signal } = filling
  for (const entry of entries) {
    signal.throwIfAborted()
    if (!fresh.delete(entry.received.id)) dealt.push({ entry, end: 'seen' })
    else if (open.has(lane)) {
      behind.push(entry)
      dealt.push({ entry, end: 'held' })
    } else await handle(context, filling, entry)
  }
}

/** Lanes at once, up to `most`; the first that fails ends all. */
const runLanes = async (
  context: Context,
  filling: Filling,
  units: readonly Unit[],
  giveUp: (reason: unknown) => void,
): Promise<void> => {
  let next = 0
  const work = async (): Promise<void> => {
    for (let unit = units[next++]; unit !== undefined; unit = units[next++]) {
      await runLane(context, filling, unit)
    }
  }
  const workers = Math.min(context.consumer.plan.concurrency, units.length)
  try {
    await Promise.all(Array.from({ length: workers }, work))
  } catch (error) {
    giveUp(error)
    throw error
  }
}

const finish = async (
  { id, reader }: Context,
  filling: Filling,
  entries: readonly Entry[],
): Promise<void> => {
  const { tx, behind, events } = filling
  if (behind.length > 0) {
    const held = behind.map(({ received, offset }) => ({
      id: received.id,
      queue: received.queue,
      record: outgoingOf(received.record),
      position: offset,
    }))
    await own(enqueue(tx, reader, held))
  }
  if (events.length > 0) await append(tx, events)
  // Last, so that the row is locked only for as long as a commit takes, and a handler that dawdles keeps nobody from
  // taking over.
  const partitions: ReadonlySet<PartitionInHand> = new Set(entries.map(({ partition }) => partition))
  await own(
    assertOwned(
      tx,
      id,
      [...partitions].map(({ owned }) => owned),
    ),
  )
  failpoint('consumer.beforeCommit')
}

/** What is seen already is left out; where there is no first filter, nothing is copied. */
const withoutSeen = async ({ firstFilter }: Context, units: readonly Unit[]) => {
  if (firstFilter === undefined) return { units, seen: [] }
  const entries = units.flatMap((unit) => unit.entries)
  const known = await firstFilter.seen(entries.map(({ received }) => received.id))
  if (known.size === 0) return { units, seen: [] }
  const isKnown = ({ received }: Entry): boolean => known.has(received.id)
  return {
    units: units.map((unit) => ({ ...unit, entries: unit.entries.filter((entry) => !isKnown(entry)) })),
    seen: entries.filter(isKnown).map((entry): Dealt => ({ entry, end: 'seen' })),
  }
}

/** Runs the lanes in one transaction; `signal` gives it up. */
const fill = (context: Context, units: readonly Unit[], given: AbortController): Promise<Filling> =>
  context.database.transaction(async (tx) => {
    const entries = units.flatMap((unit) => unit.entries)
    const { fresh, open } = await begin(context, tx, entries)
    const filling: Filling = {
      ...{ tx, open, signal: given.signal },
      fresh: new Set(fresh),
      ...{ behind: [], events: [], dealt: [] },
    }
    await runLanes(context, filling, units, (reason) => given.abort(reason))
    await finish(context, filling, entries)
    return filling
  })

/**
 * One transaction over some lanes: inbox marks, effects, emitted events and what has to wait behind a quarantined key.
 *
 * @throws HandlerFailed, OwnFailure, TookTooLong, or what append or COMMIT made of the handlers' work; then nothing of
 * it is kept
 */
export const attempt = async (
  context: Context,
  all: readonly Unit[],
  { within }: AttemptOptions = {},
): Promise<readonly Dealt[]> => {
  const { units, seen } = await withoutSeen(context, all)
  if (units.every(({ entries }) => entries.length === 0)) return seen
  const given = new AbortController()
  // Every handler that is under way listens.
  setMaxListeners(0, given.signal)
  const late = (): void => given.abort(new TookTooLong())
  const timer = within === undefined ? undefined : setTimeout(late, within)
  try {
    const { dealt, events } = await fill(context, units, given)
    failpoint('consumer.committed')
    if (events.length > 0) context.recorded()
    return [...seen, ...dealt]
  } finally {
    clearTimeout(timer)
  }
}
