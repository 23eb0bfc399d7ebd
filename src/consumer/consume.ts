import { OnewriteError } from '../error/onewrite-error.ts'
import type { Report } from '../lifecycle/loop.ts'
import { pause } from '../lifecycle/pause.ts'
import type { Assignment, DeliveredRecord, Member, Subscription } from '../transport/subscriber.ts'
import type { Context } from './context.ts'
import { type Lanes, openLanes } from './lane/lanes.ts'
import { startWorker, type Worker } from './lane/work.ts'
import type { Receive, Received } from './message/received.ts'
import { fetchPartition, type Hold, openHold, sizeOf } from './partition/fetch.ts'
import type { Entry, PartitionInHand } from './partition/in-hand.ts'
import { lagOf } from './partition/lag.ts'
import { lagNotes } from './partition/note-lag.ts'
import { openPartition } from './partition/open.ts'
import { saveProgress } from './partition/progress.ts'
import { keepRedriving } from './quarantine/redrive.ts'
import type { RunOptions } from './run-options.ts'
import { stallWatch } from './stall.ts'

export interface ConsumeOptions extends RunOptions {
  readonly context: Context
  readonly receive: Receive
  /** Unlike any other instance's. */
  readonly owner: string
}

/** A partition, from the moment it was assigned. */
interface Reading {
  /** Undefined until it is owned. */
  partition: PartitionInHand | undefined
  readonly over: AbortController
  /** Resolves once nothing of it is read any more. */
  readonly done: Promise<void>
}

/** One life of a consumer. */
interface Life extends ConsumeOptions {
  readonly hold: Hold
  readonly lanes: Lanes
  readonly worker: Worker
  readonly readings: Map<string, Reading>
  /** Ends this life; the next begins after a backoff. */
  fail(error: unknown): void
}

const saveEvery = 200
const lookEvery = 1_000
const mostConnections = 6

/** What nobody handles is passed over, or parked where the consumer says so. */
const wanted = ({ context }: Life, received: Received): Entry['received'] | undefined => {
  if (received.kind !== 'other') return received
  if (context.consumer.plan.onUnknown === 'skip') return undefined
  const cause = {
    code: 'UNKNOWN_EVENT_TYPE',
    message: `no handler of ${received.type ?? 'a record without a type'}`,
  }
  return { ...received, kind: 'unreadable', whenUnreadable: 'park', cause }
}

const accept =
  (life: Life) =>
  (partition: PartitionInHand, records: readonly DeliveredRecord[]): void => {
    const { context, receive, hold, lanes, worker } = life
    let ignored = 0
    for (const record of records) {
      const offset = BigInt(record.offset)
      partition.prefix.begin(offset, record.timestamp)
      const received = wanted(life, receive(record))
      if (received === undefined) {
        partition.prefix.settle(offset)
        ignored += 1
        continue
      }
      const entry: Entry = { received, partition, offset, bytes: sizeOf(record) }
      hold.take(entry)
      const retry = context.retries.get(received.id)
      lanes.add(entry, retry && { wait: retry.nextAt.getTime() - Date.now() })
    }
    context.watch.ignored(ignored)
    worker.kick()
  }

const read = async (life: Life, assignment: Assignment, reading: Reading): Promise<void> => {
  const { context, owner, hold } = life
  const signal = AbortSignal.any([reading.over.signal, assignment.lost])
  const partition = await openPartition({ context, assignment, owner, signal })
  if (partition === undefined) return
  reading.partition = partition
  const { name } = assignment
  const failed = (error: unknown): void =>
    error === undefined ? context.watch.well(name) : context.watch.outage(name, error)
  await fetchPartition({ partition, hold, accept: accept(life), failed, signal })
}

const assign = (life: Life, assignment: Assignment): void => {
  const over = new AbortController()
  let begin: () => void = () => undefined
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const reading: Reading = {
    partition: undefined,
    over,
    done: begun.then(() => read(life, assignment, reading)).catch(life.fail),
  }
  life.readings.set(assignment.name, reading)
  begin()
}

/** Begins nothing more of it, waits for what is being worked on, and saves how far that came. */
const letGo = async (life: Life, assignment: Assignment): Promise<void> => {
  const { context, lanes, readings } = life
  const reading = readings.get(assignment.name)
  if (reading === undefined) return
  const { partition } = reading
  if (partition !== undefined) partition.open = false
  lanes.sweep()
  reading.over.abort()
  if (partition !== undefined) await lanes.quiet(partition)
  if (partition !== undefined && !assignment.lost.aborted) {
    await saveProgress(context, [partition]).catch((error: unknown) =>
      context.watch.outage('progress', error),
    )
  }
  context.watch.well(assignment.name)
  // By now it may have been assigned again.
  if (readings.get(assignment.name) === reading) readings.delete(assignment.name)
  if (readings.size === 0) context.watch.well('work')
}

const memberOf = (life: Life): Member => ({
  // Not awaited: taking a partition over waits for its former owner, and the others must not.
  assigned: async (assignment) => assign(life, assignment),
  revoked: (assignment) => letGo(life, assignment),
})

const partitionsOf = ({ readings }: Life): readonly PartitionInHand[] =>
  [...readings.values()].flatMap(({ partition }) => (partition === undefined ? [] : [partition]))

/** What is being worked on is finished; what waits is for the next owner. */
const beginNoMore = (life: Life): void => {
  for (const partition of partitionsOf(life)) partition.open = false
  life.lanes.sweep()
}

/** Somebody else's before this instance heard of it: drops it, and begins anew where the transport still denies it. */
const drop = (life: Life, taken: readonly PartitionInHand[]): void => {
  for (const partition of taken) partition.open = false
  life.lanes.sweep()
  const denied = taken.find(({ assignment }) => !assignment.lost.aborted)
  if (denied !== undefined) life.fail(new OnewriteError('FENCED', { name: denied.owned.name }))
}

const keepSaving = async (life: Life, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await pause(saveEvery, signal)
    try {
      drop(
        life,
        await saveProgress(
          life.context,
          partitionsOf(life).filter(({ open }) => open),
        ),
      )
      life.context.watch.well('progress')
    } catch (error) {
      life.context.watch.outage('progress', error)
    }
  }
}

interface Watching {
  readonly subscription: Subscription
  readonly report: Report
  readonly signal: AbortSignal
}

/** The consumer's own state, unless it is well and its subscription is not. */
const reportHealth = ({ context, lanes }: Life, { subscription, report }: Watching): void => {
  const own = context.watch.health(lanes.waiting)
  const { state, reason } = own.state === 'up' ? (subscription.health?.() ?? own) : own
  if (state === 'up' || state === 'standby') report(own.state, own.reason)
  else report(state, reason)
}

const keepWatching = async (life: Life, watching: Watching): Promise<void> => {
  const { context, stalledAfter = 60_000 } = life
  const { subscription, signal } = watching
  const stall = stallWatch(stalledAfter)
  const notes = lagNotes(context.database, context.id, (error) =>
    context.logger.debug({ consumer: context.consumer.name, error: String(error) }, 'the lag was not noted'),
  )
  while (!signal.aborted) {
    const lag = lagOf(partitionsOf(life), Date.now())
    context.watch.instruments.lag(lag)
    notes.note(partitionsOf(life))
    context.watch.instruments.subscription(subscription.counts?.())
    reportHealth(life, watching)
    const { progress, trouble } = context.watch
    const excused = life.lanes.waiting > 0 || trouble !== undefined
    if (stall.look({ lag: lag.events, progress, excused, now: performance.now() })) {
      context.watch.instruments.restarted()
      const { name } = context.consumer
      life.fail(new OnewriteError('CONSUMER_STALLED', { name, seconds: stalledAfter / 1000 }))
    }
    await pause(lookEvery, signal)
  }
}

const subscribeTo = (life: Life, over: AbortSignal): Subscription => {
  const { consumer, subscribing, topics, fail } = life
  const group = { group: consumer.name, from: consumer.plan.from }
  const subscription = subscribing.subscribe(
    { ...group, ...(topics === undefined ? {} : { topics }) },
    memberOf(life),
  )
  subscription.ended.then(
    () => over.aborted || fail(new OnewriteError('SUBSCRIPTION_ENDED', { name: consumer.name })),
    fail,
  )
  return subscription
}

/**
 * One life of a consumer: from joining its group to leaving it. Returns once all in hand is finished and saved.
 *
 * @throws what ended it, unless it was told to stop
 */
export const consume = async (options: ConsumeOptions, stop: AbortSignal, report: Report): Promise<void> => {
  const { context, receive, connections = mostConnections } = options
  const failing = new AbortController()
  const fail = (error: unknown): void => failing.abort(error)
  const over = AbortSignal.any([stop, failing.signal])
  const hold = openHold()
  const lanes = openLanes({ kick: () => worker.kick(), left: hold.left })
  const worker = startWorker({ context, lanes, connections, fail })
  const life: Life = { ...options, hold, lanes, worker, readings: new Map(), fail }
  over.addEventListener('abort', () => beginNoMore(life), { once: true })
  const subscription = subscribeTo(life, over)
  const background = Promise.all([
    keepSaving(life, over),
    keepWatching(life, { subscription, report, signal: over }),
    keepRedriving({ context, receive, every: options.lookEvery ?? 1_000, signal: over }),
  ])
  try {
    await background
  } finally {
    await subscription.stop()
    await worker.stop()
  }
  if (!stop.aborted) throw failing.signal.reason
}
