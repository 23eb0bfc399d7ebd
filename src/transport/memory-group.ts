import type { MemoryLog } from './memory-log.ts'
import { type HeldPartition, holdPartition, type Progress } from './memory-partition.ts'
import { spread } from './spread.ts'
import type { Member, SubscribeOptions } from './subscriber.ts'
import type { WrittenRecord } from './written-record.ts'

/** One subscription as its group sees it. */
export interface Joined {
  readonly options: SubscribeOptions
  readonly member: Member
  /** It holds nothing any more; with an error where it could not take what it was given. */
  left(failed?: Failed): void
}

interface Failed {
  readonly error: unknown
}

/** Members that share one name, and so the work and the progress. */
export interface MemoryGroup {
  join(joined: Joined): void
  /** Takes everything from it; `left` is called when it has let go. */
  leave(joined: Joined, failed?: Failed): void
  /** Something was appended. */
  wake(): void
}

interface Held {
  readonly by: Joined
  readonly partition: HeldPartition
}

interface Partition {
  readonly name: string
  readonly topic: string
  readonly written: readonly WrittenRecord[]
  readonly progress: Progress
  held: Held | undefined
  /** While the member takes it or lets go of it. */
  changing: boolean
}

const wants = ({ options }: Joined, { topic }: Partition): boolean =>
  options.topics === undefined || options.topics.includes(topic)

/**
 * Makes what the log has grown by; whether there was any. `atEnd` is for partitions that existed when a group without
 * progress began at `now`.
 */
const openPartitions = (log: MemoryLog, partitions: Map<string, Partition>, atEnd: boolean): boolean => {
  const known = partitions.size
  for (const [topic, all] of log.topics) {
    all.forEach((written, index) => {
      const name = `${topic}/${index}`
      if (partitions.has(name)) return
      const progress = { start: atEnd ? BigInt(written.length) : 0n, settled: undefined }
      partitions.set(name, { name, topic, written, progress, held: undefined, changing: false })
    })
  }
  return partitions.size > known
}

const assign = async (partition: Partition, by: Joined): Promise<void> => {
  const { name, written, progress } = partition
  const held = { by, partition: holdPartition(name, written, progress) }
  partition.held = held
  await by.member.assigned(held.partition.assignment)
}

const revoke = async (partition: Partition, { by, partition: held }: Held): Promise<void> => {
  held.close()
  try {
    await by.member.revoked(held.assignment)
  } catch {
    // It has let go, in its own way.
  }
  held.giveAway()
  partition.held = undefined
}

export const memoryGroup = (log: MemoryLog): MemoryGroup => {
  const partitions = new Map<string, Partition>()
  const members: Joined[] = []
  const leaving = new Map<Joined, Failed | undefined>()

  const finishLeaving = (): void => {
    for (const [joined, failed] of leaving) {
      if ([...partitions.values()].some(({ held }) => held?.by === joined)) continue
      leaving.delete(joined)
      joined.left(failed)
    }
  }

  /** One step at a time for each partition; after each it is looked at again who should have what. */
  const change = async (partition: Partition, step: Promise<void>, by: Joined): Promise<void> => {
    partition.changing = true
    await step.catch((error: unknown) => leave(by, { error }))
    partition.changing = false
    rebalance()
  }

  const rebalance = (): void => {
    const parts = [...partitions.values()]
    const target = spread({ parts, owners: members, ownerOf: ({ held }) => held?.by, suits: wants })
    for (const partition of parts) {
      const { held, changing } = partition
      const owner = target.get(partition)
      if (changing || held?.by === owner) continue
      if (held !== undefined) void change(partition, revoke(partition, held), held.by)
      else if (owner !== undefined) void change(partition, assign(partition, owner), owner)
    }
    finishLeaving()
  }

  const leave: MemoryGroup['leave'] = (joined, failed) => {
    const index = members.indexOf(joined)
    if (index < 0) return
    members.splice(index, 1)
    leaving.set(joined, failed)
    rebalance()
  }

  return {
    join: (joined) => {
      const isNew = partitions.size === 0 && members.length === 0
      if (isNew) openPartitions(log, partitions, joined.options.from === 'now')
      members.push(joined)
      queueMicrotask(rebalance)
    },
    leave,
    wake: () => {
      if (openPartitions(log, partitions, false)) rebalance()
      for (const { held } of partitions.values()) held?.partition.wake()
    },
  }
}
