import { pause } from '../lifecycle/pause.ts'
import type { Member } from '../transport/subscriber.ts'
import type { Calls } from './call.ts'
import type { ConsumerHandle, Place } from './client.ts'
import type { Commits } from './commits.ts'
import { type HeldPartition, heldPartition, placeName } from './held-partition.ts'
import { partitionStart } from './partition-start.ts'

/** Why a member did not take a partition: it ends the subscription. */
export class MemberError extends Error {
  override readonly name = 'MemberError'
}

export interface HoldingOptions {
  readonly handle: ConsumerHandle
  readonly calls: Calls
  readonly commits: Commits
  readonly member: Member
  readonly from: 'start' | 'now'
  /** By name; also what polls are sorted by. */
  readonly held: Map<string, HeldPartition>
  /** A member waits for records. */
  asked(): void
  /** The brokers do not say where a partition stands. */
  unanswered(place: Place, error: unknown): void
  /** The membership cannot go on. */
  fail(error: unknown): void
}

/** The partitions in the hands of one membership. */
export interface Holding {
  /** The group gave them to this member. */
  take(places: readonly Place[]): void
  /** They are wanted elsewhere: lets the member finish, commits, and gives them away. */
  giveBack(places: readonly Place[]): Promise<void>
  /** They may be somebody else's already. */
  lose(places: readonly Place[]): void
  /** As `giveBack`, of all, but waits for the members as long as they take. Nothing is taken any more. */
  giveAllBack(): Promise<void>
  loseAll(): void
  /** Reads on from another offset: the client has given up at the one where it was. */
  restart(partition: HeldPartition, offset: number): void
}

/** How long a member may take to finish a partition: longer than a handler, much shorter than the group waits. */
const patience = 60_000
const lastCommit = 5_000

export const holding = (options: HoldingOptions): Holding => {
  const { handle, calls, commits, member, from, held } = options
  /** Those that are ours by the group's account, whether a member has them yet or not. */
  const ours = new Map<string, AbortController>()
  /** Those that the client reads. */
  const read = new Set<string>()
  /** What a member still does with a partition that it no longer has. */
  const leaving = new Map<string, Promise<void>>()
  const arriving = new Map<HeldPartition, Promise<void>>()
  let closed = false

  const begin = (partition: HeldPartition, offset: number): void => {
    const name = placeName(partition.place)
    if (held.get(name) !== partition) return
    try {
      handle.incrementalAssign([{ ...partition.place, offset }])
      read.add(name)
      // At once: what `now` means is settled with it.
      void commits.commit([partition])
    } catch (error) {
      options.fail(error)
    }
  }
  const unread = (places: readonly Place[]): void => {
    const reading = places.filter((place) => read.delete(placeName(place)))
    for (const place of places) held.delete(placeName(place))
    handle.incrementalUnassign(reading)
  }

  const takeOne = async (place: Place, stop: AbortSignal): Promise<void> => {
    const name = placeName(place)
    await leaving.get(name)
    const unanswered = (error: unknown): void => options.unanswered(place, error)
    const start = await partitionStart(handle, calls, place, from, stop, unanswered)
    if (start === undefined || stop.aborted) return
    const partition: HeldPartition = heldPartition(start, (offset) => begin(partition, offset), options.asked)
    held.set(name, partition)
    const arrival = member.assigned(partition.assignment)
    arriving.set(partition, arrival)
    await arrival.catch((error: unknown) => {
      throw new MemberError('the member did not take a partition', { cause: error })
    })
  }

  /** Resolves once the member has let go, however long that takes. */
  const letGo = (partition: HeldPartition): Promise<void> => {
    const name = placeName(partition.place)
    const known = leaving.get(name)
    if (known !== undefined && !arriving.has(partition)) return known
    partition.close()
    const arrived = arriving.get(partition) ?? Promise.resolve()
    arriving.delete(partition)
    const gone = arrived
      .then(() => member.revoked(partition.assignment))
      .catch(() => undefined)
      .then(() => {
        if (leaving.get(name) === gone) leaving.delete(name)
      })
    leaving.set(name, gone)
    return gone
  }
  const letGoInTime = async (partition: HeldPartition): Promise<void> => {
    const giveUp = new AbortController()
    await Promise.race([letGo(partition), pause(patience, giveUp.signal).then(() => partition.lose())])
    giveUp.abort()
  }
  const disown = (places: readonly Place[]): readonly HeldPartition[] =>
    places.flatMap((place) => {
      const name = placeName(place)
      ours.get(name)?.abort()
      ours.delete(name)
      return held.get(name) ?? []
    })
  const all = (): readonly Place[] => [...held.values()].map(({ place }) => place)

  const lose: Holding['lose'] = (places) => {
    const partitions = disown(places)
    for (const partition of partitions) partition.lose()
    for (const partition of partitions) void letGo(partition)
    unread(places)
  }
  const giveBack = async (
    places: readonly Place[],
    release: (partition: HeldPartition) => Promise<void>,
  ): Promise<void> => {
    const partitions = disown(places)
    await Promise.all(partitions.map(release))
    await commits.commit(partitions, lastCommit)
    unread(places)
    // Whoever still works on it must not think that it is alone.
    for (const partition of partitions) partition.lose()
  }

  return {
    take: (places) => {
      handle.incrementalAssign([])
      if (closed) return
      for (const place of places) {
        const stop = new AbortController()
        ours.set(placeName(place), stop)
        takeOne(place, stop.signal).catch(options.fail)
      }
    },
    giveBack: (places) => giveBack(places, letGoInTime),
    lose,
    giveAllBack: () => {
      closed = true
      for (const stop of ours.values()) stop.abort()
      return giveBack(all(), letGo)
    },
    loseAll: () => {
      closed = true
      for (const stop of ours.values()) stop.abort()
      const partitions = [...held.values()]
      for (const partition of partitions) partition.lose()
      for (const partition of partitions) void letGo(partition)
      held.clear()
    },
    restart: (partition, offset) => {
      const { place } = partition
      if (read.has(placeName(place))) handle.incrementalUnassign([place])
      handle.incrementalAssign([{ ...place, offset }])
      read.add(placeName(place))
    },
  }
}
