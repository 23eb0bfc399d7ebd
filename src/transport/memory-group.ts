import { pause } from '../lifecycle/pause.ts'
import type { MemoryLog } from './memory-log.ts'
import type { DeliveredRecord, SubscribeOptions } from './subscriber.ts'

/** One subscription as its group sees it. */
export interface Member {
  readonly options: SubscribeOptions
  readonly deliver: (records: readonly DeliveredRecord[]) => Promise<void>
  readonly signal: AbortSignal
  /** Deliveries that have not ended. */
  readonly inHand: Set<Promise<void>>
}

/** Members that share one name, and so the work and the progress. */
export interface MemoryGroup {
  join(member: Member): void
  leave(member: Member): void
  /** Hands out what is ready and not in hand. */
  wake(): void
}

interface Lane {
  readonly topic: string
  readonly partition: number
  next: number
  busy: boolean
  failures: number
}

const batchSize = 100
const firstBackoff = 10
const longestBackoff = 1000

const wants = (member: Member, topic: string): boolean =>
  member.options.topics === undefined || member.options.topics.includes(topic)

/** The lane stays busy through the backoff: nothing of it may overtake the records that failed. */
const run = async (lane: Lane, member: Member, records: readonly DeliveredRecord[]): Promise<void> => {
  try {
    await member.deliver(records)
    lane.next += records.length
    lane.failures = 0
  } catch {
    const wait = Math.min(longestBackoff, firstBackoff * 2 ** lane.failures)
    lane.failures += 1
    await pause(wait, member.signal)
  }
  lane.busy = false
}

export const memoryGroup = (log: MemoryLog): MemoryGroup => {
  const lanes = new Map<string, Lane>()
  const members: Member[] = []

  /** `atEnd` is for partitions that existed when a group without progress began at `now`. */
  const openLanes = (atEnd: boolean): void => {
    for (const [topic, partitions] of log.topics) {
      partitions.forEach((records, partition) => {
        const place = `${topic}/${partition}`
        if (lanes.has(place)) return
        lanes.set(place, { topic, partition, next: atEnd ? records.length : 0, busy: false, failures: 0 })
      })
    }
  }

  const ownerOf = (lane: Lane): Member | undefined => {
    const able = members.filter((member) => wants(member, lane.topic))
    return able[lane.partition % able.length]
  }

  const hand = (lane: Lane): void => {
    if (lane.busy) return
    const owner = ownerOf(lane)
    const records =
      log.topics.get(lane.topic)?.[lane.partition]?.slice(lane.next, lane.next + batchSize) ?? []
    if (owner === undefined || records.length === 0) return
    lane.busy = true
    const delivery = run(lane, owner, records).finally(() => {
      owner.inHand.delete(delivery)
      wake()
    })
    owner.inHand.add(delivery)
  }

  const wake = (): void => {
    openLanes(false)
    for (const lane of lanes.values()) hand(lane)
  }

  return {
    join: (member) => {
      if (lanes.size === 0 && members.length === 0) openLanes(member.options.from === 'now')
      members.push(member)
      queueMicrotask(wake)
    },
    leave: (member) => {
      const index = members.indexOf(member)
      if (index >= 0) members.splice(index, 1)
    },
    wake,
  }
}
