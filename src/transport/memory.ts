import { OnewriteError } from '../error/onewrite-error.ts'
import { type Joined, type MemoryGroup, memoryGroup } from './memory-group.ts'
import { type MemoryLog, memoryLog, type Refuse } from './memory-log.ts'
import { memoryPublishing } from './memory-publishing.ts'
import type { Publishing } from './publisher.ts'
import type { Subscribing, Subscription } from './subscriber.ts'
import type { Transport } from './transport.ts'
import type { WrittenRecord } from './written-record.ts'

export interface MemoryOptions {
  /** Of a topic that says nothing else. Default 4. */
  readonly partitions?: number
  /** Refuses records for good, as a broker does: tells why, or undefined where a record is taken. */
  readonly refuse?: Refuse
}

export interface MemoryTransport extends Transport {
  readonly publishing: Publishing
  readonly subscribing: Subscribing
  /** What subscribers of a topic can see, by partition, then in order. */
  records(topic: string): readonly WrittenRecord[]
}

const withResolvers = () => {
  let resolve = (): void => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<void>((done, failed) => {
    resolve = done
    reject = failed
  })
  return { promise, resolve, reject }
}

const memorySubscribing = (log: MemoryLog, stops: Set<() => Promise<void>>): Subscribing => {
  const groups = new Map<string, MemoryGroup>()

  const groupOf = (name: string): MemoryGroup => {
    const known = groups.get(name)
    if (known !== undefined) return known
    const created = memoryGroup(log)
    groups.set(name, created)
    log.watch(() => queueMicrotask(created.wake))
    return created
  }

  const subscribe: Subscribing['subscribe'] = (options, member): Subscription => {
    const group = groupOf(options.group)
    const { promise: ended, resolve, reject } = withResolvers()
    // Whoever does not look at it must not end the process.
    ended.catch(() => undefined)
    const stop = async (): Promise<void> => {
      group.leave(joined)
      await ended.catch(() => undefined)
    }
    const joined: Joined = {
      options,
      member,
      left: (failed) => {
        stops.delete(stop)
        if (failed === undefined) resolve()
        else reject(failed.error)
      },
    }
    stops.add(stop)
    group.join(joined)
    return { ended, stop }
  }
  return { subscribe }
}

/**
 * Carries records within this process, with the promises of a real transport. For tests.
 *
 * @throws INVALID_CONFIG
 */
export const memory = ({ partitions = 4, refuse }: MemoryOptions = {}): MemoryTransport => {
  if (!Number.isSafeInteger(partitions) || partitions < 1) {
    throw new OnewriteError('INVALID_CONFIG', {
      faults: `partitions: ${partitions} is not a whole number from 1`,
    })
  }
  const log = memoryLog(partitions, refuse)
  const stops = new Set<() => Promise<void>>()
  return {
    name: 'memory',
    publishing: memoryPublishing(log),
    subscribing: memorySubscribing(log, stops),
    records: (topic) => log.topics.get(topic)?.flat() ?? [],
    check: async () => {},
    close: async () => {
      await Promise.all([...stops].map((stop) => stop()))
    },
  }
}
