import type { Member } from '../transport/subscriber.ts'
import type { Client, Place } from './client.ts'
import type { Commits } from './commits.ts'
import type { Consumer } from './consumer.ts'
import { type Handover, handover } from './handover.ts'
import { type HeldPartition, heldPartition, type PartitionStart, placeName } from './held-partition.ts'
import { originOf, partitionStart, rangeOf } from './partition-start.ts'

export interface HoldingOptions {
  readonly client: Client
  readonly consumer: Consumer
  readonly commits: Commits
  readonly member: Member
  readonly from: 'start' | 'now'
  /** A member waits for records. */
  asked(): void
  /** The client reads a partition anew, whatever it was told of it before. */
  restarted(place: Place): void
  /** The brokers do not say where a partition stands. */
  unanswered(error: unknown): void
  /** The membership cannot go on. */
  fail(error: unknown): void
}

/** How long a member may take to finish a partition: longer than a handler, much shorter than the group waits. */
const patience = 60_000
const lastCommit = 5_000

/** What the client reads, whichever member has it. */
interface Reading {
  begin(place: Place, offset: number): void
  end(places: readonly Place[]): void
}

const readingWith = ({ consumer: { handle }, restarted }: HoldingOptions): Reading => {
  const read = new Set<string>()
  const end: Reading['end'] = (places) => {
    handle.incrementalUnassign(places.filter((place) => read.delete(placeName(place))))
  }
  return {
    begin: (place, offset) => {
      if (read.has(placeName(place))) end([place])
      restarted(place)
      handle.incrementalAssign([{ ...place, offset }])
      read.add(placeName(place))
    },
    end,
  }
}

/** The partitions in the hands of one membership. */
export interface Holding {
  readonly held: ReadonlyMap<string, HeldPartition>
  /** The group gave them to this member. */
  take(places: readonly Place[]): void
  /** They are wanted elsewhere: lets the member finish, commits, and gives them away. */
  giveBack(places: readonly Place[]): Promise<void>
  /** They may be somebody else's already. */
  lose(places: readonly Place[]): void
  /** As `giveBack`, of all, but waits for the member as long as it takes. Nothing is taken any more. */
  giveAllBack(): Promise<void>
  /** Loses all. Nothing is taken any more. */
  loseAll(): void
  /** Reads on from an offset, the same or another. */
  restart(partition: HeldPartition, offset: number): void
  /** The topic is another one of the same name: its partitions that are taken now begin at their beginning. */
  renewed(topic: string): void
  /** The partition is another one of the same name: the member loses it and is given it from an offset on. */
  renew(partition: HeldPartition, offset: number): void
}

interface Holder {
  readonly options: HoldingOptions
  readonly held: Map<string, HeldPartition>
  /** Those that are ours by the group's account, whether the member has them or not. */
  readonly ours: Map<string, AbortController>
  readonly handing: Handover
  readonly reading: Reading
  /** Topics that were made anew, and until when their partitions are taken as such. */
  readonly anew: Map<string, number>
  closed: boolean
}

/** A commit that was under way can reach the new topic; longer than that, and the offsets are its own. */
const anewFor = 30_000

const startOf = async (
  { options, anew }: Holder,
  place: Place,
  stop: AbortSignal,
): Promise<PartitionStart | undefined> => {
  const { client, consumer, from, unanswered } = options
  const start = await partitionStart(client, consumer, place, { from, stop, unanswered })
  if (start === undefined || (anew.get(place.topic) ?? 0) < performance.now()) return start
  const { from: first } = await rangeOf(client, consumer, place, 'read_uncommitted')
  return { ...start, committed: first, otherwise: first, isNew: true }
}

const begin = ({ options, held, reading }: Holder, partition: HeldPartition, offset: number): void => {
  if (held.get(placeName(partition.place)) !== partition) return
  try {
    reading.begin(partition.place, offset)
    // At once: with it is settled what `now` means.
    void options.commits.commit([partition])
  } catch (error) {
    options.fail(error)
  }
}

const give = async (holder: Holder, start: PartitionStart): Promise<void> => {
  const partition: HeldPartition = heldPartition(start, {
    begun: (offset) => begin(holder, partition, offset),
    asked: holder.options.asked,
  })
  holder.held.set(placeName(start.place), partition)
  await holder.handing.give(partition)
}

/** Of a partition of which is known where it begins. */
const startAt = async ({ options }: Holder, place: Place, first: number): Promise<PartitionStart> => {
  const origin = await originOf(options.consumer, place.topic)
  return { place, origin, committed: first, otherwise: first, isNew: true }
}

/** `first`: where it begins, if that is not the group's to say. */
const takeOne = async (holder: Holder, place: Place, first?: number): Promise<void> => {
  const { ours, handing } = holder
  const stop = new AbortController()
  ours.set(placeName(place), stop)
  await handing.isFree(placeName(place))
  const start = await (first === undefined
    ? startOf(holder, place, stop.signal)
    : startAt(holder, place, first))
  if (start !== undefined && !stop.signal.aborted) await give(holder, start)
}

const disown = ({ ours, held }: Holder, places: readonly Place[]): readonly HeldPartition[] =>
  places.flatMap((place) => {
    const name = placeName(place)
    const partition = held.get(name)
    ours.get(name)?.abort()
    ours.delete(name)
    return partition ?? []
  })

const letGo = (holder: Holder, places: readonly Place[]): void => {
  for (const place of places) holder.held.delete(placeName(place))
  holder.reading.end(places)
}

const lose = (holder: Holder, places: readonly Place[]): void => {
  const partitions = disown(holder, places)
  for (const partition of partitions) partition.lose()
  for (const partition of partitions) void holder.handing.takeBack(partition)
  letGo(holder, places)
}

const giveBack = async (
  holder: Holder,
  places: readonly Place[],
  release: (partition: HeldPartition) => Promise<void>,
): Promise<void> => {
  const partitions = disown(holder, places)
  await Promise.all(partitions.map(release))
  const kept = partitions.filter(({ assignment }) => !assignment.lost.aborted)
  await holder.options.commits.commit(kept, lastCommit)
  letGo(holder, places)
  for (const partition of partitions) partition.lose()
}

const closeAll = (holder: Holder): readonly Place[] => {
  holder.closed = true
  for (const stop of holder.ours.values()) stop.abort()
  return [...holder.held.values()].map(({ place }) => place)
}

export const holding = (options: HoldingOptions): Holding => {
  const { handle } = options.consumer
  const handing = handover(options.member)
  const reading = readingWith(options)
  const holder: Holder = {
    options,
    held: new Map(),
    ours: new Map(),
    handing,
    reading,
    anew: new Map(),
    closed: false,
  }
  return {
    held: holder.held,
    take: (places) => {
      // The group goes on at once; each partition is read from the moment its member begins.
      handle.incrementalAssign([])
      if (holder.closed) return
      for (const place of places) takeOne(holder, place).catch(options.fail)
    },
    giveBack: (places) =>
      giveBack(holder, places, (partition) => handing.takeBackWithin(partition, patience)),
    lose: (places) => lose(holder, places),
    giveAllBack: () => giveBack(holder, closeAll(holder), handing.takeBack),
    loseAll: () => {
      const places = closeAll(holder)
      const partitions = disown(holder, places)
      for (const partition of partitions) partition.lose()
      for (const partition of partitions) void handing.takeBack(partition)
      // The client leaves without waiting for the member.
      holder.held.clear()
    },
    restart: (partition, offset) => reading.begin(partition.place, offset),
    renewed: (topic) => void holder.anew.set(topic, performance.now() + anewFor),
    renew: (partition, offset) => {
      if (holder.closed) return
      const { place } = partition
      lose(holder, [place])
      takeOne(holder, place, offset).catch(options.fail)
    },
  }
}
