import { isOnewriteError } from '../../error/onewrite-error.ts'
import { withDeadline } from '../../lifecycle/deadline.ts'
import { type Logger, silentLogger } from '../../lifecycle/logger.ts'
import type { Report } from '../../lifecycle/loop.ts'
import type { Pace } from '../../lifecycle/pace.ts'
import { pause } from '../../lifecycle/pause.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { Database } from '../../postgres/database.ts'
import type { Member, SubscribeOptions } from '../../transport/subscriber.ts'
import { division, partitionName } from './division.ts'
import { openFeed } from './feed.ts'
import { type Feeder, feeder } from './feeder.ts'
import { type Hands, hands } from './hands.ts'
import { type Enlisted, enlist, type RollCall, release, rollCall, shareOf, takePartitions } from './leases.ts'
import type { Line } from './line.ts'

export interface InstanceOptions {
  readonly database: Database
  readonly line: Line
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly logger?: Logger
  /** Milliseconds after which a silent instance is replaced. */
  readonly ttl: number
  readonly subscription: SubscribeOptions
  readonly partitions: number | undefined
  readonly member: Member
  /** Unlike any other instance's. */
  readonly owner: string
  readonly looking: Pace
  /** The end of the log, for a group that begins there. */
  readonly now: (() => Promise<bigint>) | undefined
  readonly counts: { rebalances: number; refusals: number }
  /** Called when the subscription cannot go on. */
  readonly refused: (error: unknown) => void
}

interface Instance {
  readonly options: InstanceOptions
  readonly group: string
  readonly partitions: number
  readonly hands: Hands
  readonly feeder: Feeder
  /** The number of this instance among those of the group. */
  number: Enlisted | undefined
  /** Until when the leases surely hold, on `performance.now()`. */
  validUntil: number
  /** Why the last round failed; undefined when it did not. */
  trouble: string | undefined
  deadline: NodeJS.Timeout | undefined
  saving: NodeJS.Timeout | undefined
}

/** Milliseconds for which progress is gathered before it is saved. */
const gathering = 50

const loggerOf = ({ options }: Instance): Logger => options.logger ?? silentLogger

const loseAll = ({ hands: held }: Instance): void => {
  for (const feed of held.feeds) feed.lose()
}

const renewed = (instance: Instance, asked: number): void => {
  instance.validUntil = asked + instance.options.ttl
  clearTimeout(instance.deadline)
  const left = Math.max(0, instance.validUntil - performance.now())
  instance.deadline = setTimeout(() => loseAll(instance), left)
}

const save = async (instance: Instance): Promise<void> => {
  await inTime(instance, instance.hands.save()).catch((error: unknown) => {
    loggerOf(instance).warn(
      { group: instance.group, error: String(error) },
      'progress could not be saved yet',
    )
  })
}

const saveSoon = (instance: Instance): void => {
  instance.saving ??= setTimeout(() => {
    instance.saving = undefined
    void save(instance)
  }, gathering)
}

/** A half-open connection may never answer; what it would have said is of no use after so long. */
const inTime = async <T>({ options, group }: Instance, work: Promise<T>): Promise<T> => {
  try {
    return await withDeadline(`group ${group}`, work, options.ttl)
  } catch (error) {
    if (isOnewriteError(error, 'DRAIN_TIMEOUT')) options.line.hangUp()
    throw error
  }
}

/** Renews what is held, and loses what was not. */
const call = async (instance: Instance): Promise<RollCall> => {
  const { options, group, hands: held, number } = instance
  const { line, owner, ttl } = options
  const { feeds } = held
  const holdings = [...feeds, ...(number === undefined ? [] : [number])]
  const asked = performance.now()
  const roll = await inTime(instance, rollCall(line, { group, owner, holdings, ttl }))
  renewed(instance, asked)
  for (const feed of feeds) if (!roll.renewed.has(feed.name)) feed.lose()
  if (number !== undefined && !roll.renewed.has(number.name)) instance.number = undefined
  return roll
}

const takeMore = async (instance: Instance, roll: RollCall, count: number): Promise<void> => {
  const { options, group, hands: held, partitions } = instance
  const free = roll.free.filter((partition) => partition < partitions && !held.has(partition))
  if (free.length === 0) return
  const names = free.map((partition) => partitionName(group, partition))
  const { line, owner, ttl, looking } = options
  const taken = await inTime(instance, takePartitions(line, { owner, names, count, ttl }))
  if (taken.length > 0) options.counts.rebalances += 1
  for (const one of taken) {
    const feed = openFeed({
      taken: one,
      partition: Number(one.name.slice(one.name.lastIndexOf('/') + 1)),
      partitions,
      validUntil: () => instance.validUntil,
      view: () => instance.feeder.view,
      wake: looking.poke,
      settled: () => saveSoon(instance),
    })
    instance.feeder.add(feed)
    held.take(feed)
  }
}

/** Takes what is free up to the share of this instance, gives away what it has beyond. Whether it waits for more. */
const balance = async (instance: Instance, roll: RollCall): Promise<boolean> => {
  const { options, group, partitions, hands: held } = instance
  const { line, owner, ttl } = options
  instance.number ??= await inTime(instance, enlist(line, { group, owner, ttl }, roll.instances))
  const { number } = instance
  if (number === undefined) return true
  const instances = [...new Set([...roll.instances, number.number])].sort((a, b) => a - b)
  const share = shareOf(number.number, instances, partitions)
  const excess = held.kept.slice(share)
  if (excess.length > 0) options.counts.rebalances += 1
  for (const feed of excess) held.give(feed)
  const lacks = share - held.feeds.length
  if (lacks > 0) await takeMore(instance, roll, lacks)
  return held.kept.length < share
}

/** One round; whether this instance waits for partitions. Never rejects: leases that cannot be renewed run out. */
const attend = async (instance: Instance, signal: AbortSignal): Promise<boolean> => {
  try {
    const roll = await call(instance)
    instance.trouble = undefined
    await save(instance)
    return !signal.aborted && (await balance(instance, roll))
  } catch (error) {
    instance.trouble = error instanceof Error ? error.message : String(error)
    loggerOf(instance).warn(
      { group: instance.group, error: instance.trouble },
      'the leases could not be renewed',
    )
    return false
  }
}

/** The others count without this instance at once, and so take what it lets go of. */
const resign = async (instance: Instance): Promise<void> => {
  const { number, options, hands: held } = instance
  instance.number = undefined
  for (const feed of held.kept) held.give(feed)
  if (number === undefined) return
  const released = withDeadline(number.name, release(options.line, options.owner, number), 2000)
  await released.catch((error: unknown) => {
    loggerOf(instance).warn({ lease: number.name, error: String(error) }, 'it will run out')
  })
}

const tell = ({ trouble, feeder: reading, hands: held }: Instance, report: Report): void => {
  const reason = trouble ?? reading.trouble
  if (reason !== undefined) report('degraded', reason)
  else report(held.kept.length > 0 ? 'up' : 'standby')
}

const takePart = async (instance: Instance, signal: AbortSignal, report: Report): Promise<void> => {
  const { ttl } = instance.options
  const [often, seldom] = [Math.min(ttl / 10, 250), Math.min(ttl / 3, 1000)]
  while (!signal.aborted) {
    const lacks = await attend(instance, signal)
    tell(instance, report)
    await pause(lacks ? often : seldom, signal)
  }
  await resign(instance)
  const emptied = new AbortController()
  void instance.hands.emptied().then(() => emptied.abort())
  while (!instance.hands.isEmpty) {
    await attend(instance, signal)
    for (const feed of instance.hands.kept) instance.hands.give(feed)
    await pause(seldom, emptied.signal)
  }
}

const join = (options: InstanceOptions, partitions: number): Instance => {
  const {
    database,
    line,
    encode,
    logger = silentLogger,
    member,
    owner,
    looking,
    subscription,
    refused,
    counts,
  } = options
  const { group, topics } = subscription
  const patience = 6 * options.ttl
  const reading = feeder({ database, group, partitions, topics, encode, looking, logger, patience })
  const left = reading.remove
  return {
    ...{ options, group, partitions, feeder: reading },
    hands: hands({ line, owner, member, logger, refused, left, counts }),
    ...{ number: undefined, validUntil: 0, trouble: undefined, deadline: undefined, saving: undefined },
  }
}

const divided = async (
  { database, subscription, partitions, now, ttl }: InstanceOptions,
  signal: AbortSignal,
  report: Report,
): Promise<number | undefined> => {
  while (!signal.aborted) {
    const found = await division(database, { group: subscription.group, partitions, now })
    if (found !== undefined) return found
    report('standby')
    await pause(ttl / 5, signal)
  }
  return undefined
}

/** One life of an instance: joins its group, reads its share of the partitions until the signal, and leaves. */
export const live = async (options: InstanceOptions, signal: AbortSignal, report: Report): Promise<void> => {
  const partitions = await divided(options, signal, report)
  if (partitions === undefined) return
  const instance = join(options, partitions)
  const reading = new AbortController()
  const read = instance.feeder.run(reading.signal)
  try {
    await takePart(instance, signal, report)
  } finally {
    clearTimeout(instance.deadline)
    clearTimeout(instance.saving)
    reading.abort()
    await read
  }
}
