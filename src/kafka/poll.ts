import { pause } from '../lifecycle/pause.ts'
import { clientError } from './call.ts'
import type { ClientError, ConsumedMessage, Place } from './client.ts'
import type { Consumer } from './consumer.ts'
import { type HeldPartition, placeName } from './held-partition.ts'

/** The polling of one client. It never rests for long: a client that is not polled is taken for dead. */
export interface Polling {
  /** Something may have come, or somebody waits for it. */
  wake(): void
  /** Polls until the signal; `refused` hears what a poll answered. Resolves when no poll is under way. */
  run(stop: AbortSignal, refused: (error: ClientError) => void): Promise<void>
  /** The client forgets that it was to be held back. */
  restarted(place: Place): void
}

const batch = 500
const callTimeout = 30_000
/** While somebody waits for records: only in case the client's word that something came was missed. */
const attentive = 500
/** While nobody does. What the group has to say stands behind records in the same queue. */
const resting = 100

/** What all partitions together may hold ahead of calls of `next`: each its share, and one no more than a third. */
const most = { records: 6_000, bytes: 16 * 1024 * 1024 }
const fewest = 3
/** Of its share, what is left when a partition that was held back goes on: what it had fetched is fetched again. */
const goOnAt = 0.25

/** How full a partition's share is, from 0; held back from 1 on. */
const fullness = ({ records, bytes }: HeldPartition, partitions: number): number =>
  Math.max(records / most.records, bytes / most.bytes) * Math.max(partitions, fewest)

export const polling = (
  { handle, calls: { call } }: Consumer,
  held: ReadonlyMap<string, HeldPartition>,
): Polling => {
  const paused = new Set<string>()
  let woken = new AbortController()

  const holdBack = (partition: HeldPartition): void => {
    const name = placeName(partition.place)
    const isPaused = paused.has(name)
    const full = fullness(partition, held.size)
    if (!isPaused && full >= 1) {
      handle.pause([partition.place])
      paused.add(name)
    } else if (isPaused && full <= goOnAt) {
      handle.resume([partition.place])
      paused.delete(name)
    }
  }
  const sort = (messages: readonly ConsumedMessage[]): void => {
    for (const message of messages) held.get(placeName(message))?.add(message)
  }
  const isHungry = (): boolean => {
    for (const partition of held.values()) if (partition.hungry) return true
    return false
  }
  const poll = async (refused: (error: ClientError) => void): Promise<boolean> => {
    const hungry = isHungry()
    const number = hungry ? batch : 1
    try {
      const messages = await call<readonly ConsumedMessage[]>('polling', callTimeout, (callback) =>
        handle.consume(number, callback),
      )
      sort(messages)
      return hungry && messages.length === number
    } catch (error) {
      refused(clientError(error))
      return false
    }
  }

  const wake = (): void => woken.abort()

  return {
    wake,
    restarted: (place) => void paused.delete(placeName(place)),
    run: async (stop, refused) => {
      handle.setDefaultConsumeTimeout(0)
      stop.addEventListener('abort', wake, { once: true })
      while (!stop.aborted) {
        woken = new AbortController()
        const isMore = await poll(refused)
        for (const partition of held.values()) holdBack(partition)
        if (isMore) continue
        await pause(isHungry() ? attentive : resting, woken.signal)
      }
    },
  }
}
