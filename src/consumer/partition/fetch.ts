import { failpoint } from '../../lifecycle/failpoint.ts'
import { pause } from '../../lifecycle/pause.ts'
import { exponential } from '../../retry/backoff.ts'
import type { DeliveredRecord } from '../../transport/subscriber.ts'
import type { Entry, PartitionInHand } from './in-hand.ts'

/** Records that this instance has taken and not dealt with, of all its partitions. */
export interface Hold {
  /** Resolves once there is room for more, or the signal is aborted. */
  room(signal: AbortSignal): Promise<void>
  take(entry: Entry): void
  left(entry: Entry): void
  readonly records: number
}

/** Bounds the memory; the partitions are read on when half of it is dealt with. */
const most = { records: 2_000, bytes: 32 * 1024 * 1024 }

export const openHold = (): Hold => {
  let records = 0
  let bytes = 0
  const waiting = new Set<() => void>()
  const isFull = (): boolean => records >= most.records || bytes >= most.bytes
  return {
    room: async (signal) => {
      while (isFull() && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const go = (): void => {
            waiting.delete(go)
            signal.removeEventListener('abort', go)
            resolve()
          }
          waiting.add(go)
          signal.addEventListener('abort', go, { once: true })
        })
      }
    },
    take: (entry) => {
      records += 1
      bytes += entry.bytes
    },
    left: (entry) => {
      records -= 1
      bytes -= entry.bytes
      if (isFull()) return
      for (const go of waiting) go()
    },
    get records() {
      return records
    },
  }
}

export const sizeOf = ({ key, value }: DeliveredRecord): number => (key?.length ?? 0) + (value?.length ?? 0)

const page = { records: 500, bytes: 4 * 1024 * 1024 }

export interface FetchOptions {
  readonly partition: PartitionInHand
  readonly hold: Hold
  /** Takes records into the lanes. */
  accept(partition: PartitionInHand, records: readonly DeliveredRecord[]): void
  /** Told of a partition that cannot be read now; of undefined when it can again. */
  failed(error: unknown): void
  readonly signal: AbortSignal
}

/** Reads one partition until it is given away: no more than there is room for. */
export const fetchPartition = async (options: FetchOptions): Promise<void> => {
  const { partition, hold, accept, failed, signal } = options
  const backoff = exponential('100ms', { max: '5s' })
  let failures = 0
  while (partition.open && !signal.aborted) {
    await hold.room(signal)
    if (!partition.open || signal.aborted) return
    try {
      const records = await partition.assignment.next(page)
      if (failures > 0) failed(undefined)
      failures = 0
      if (records.length === 0) return
      failpoint('consumer.received')
      // What came although the partition is being given away is not begun: its next owner gets it.
      if (partition.open) accept(partition, records)
    } catch (error) {
      failures += 1
      failed(error)
      await pause(backoff(failures), signal)
    }
  }
}
