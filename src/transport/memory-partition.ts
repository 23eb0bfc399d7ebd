import type { Assignment, DeliveredRecord, FetchLimits } from './subscriber.ts'
import type { WrittenRecord } from './written-record.ts'

/** Where a group is in one partition. */
export interface Progress {
  /** Where it began, as the subscription said. */
  readonly start: bigint
  settled: bigint | undefined
}

/** A partition in the hands of one member. */
export interface HeldPartition {
  readonly assignment: Assignment
  /** There may be new records. */
  wake(): void
  /** Hands out nothing any more. */
  close(): void
  /** It may be somebody else's from now on. */
  giveAway(): void
}

const toDelivered = (written: WrittenRecord): DeliveredRecord => {
  const { topic, partition, offset, timestamp, rawKey: key, value, rawHeaders: headers } = written
  return { topic, partition, offset, timestamp, key, value, headers }
}

const sizeOf = ({ rawKey, value }: WrittenRecord): number => (rawKey?.length ?? 0) + (value?.length ?? 0)

const take = (written: readonly WrittenRecord[], from: bigint, limits: FetchLimits): DeliveredRecord[] => {
  const taken: DeliveredRecord[] = []
  let bytes = 0
  for (const record of written.slice(Number(from), Number(from) + Math.max(1, limits.records))) {
    bytes += sizeOf(record)
    if (taken.length > 0 && bytes > limits.bytes) break
    taken.push(toDelivered(record))
  }
  return taken
}

export const holdPartition = (
  name: string,
  written: readonly WrittenRecord[],
  progress: Progress,
): HeldPartition => {
  const lost = new AbortController()
  let position = progress.settled ?? progress.start
  let closed = false
  let wake = (): void => undefined

  const next = async (limits: FetchLimits): Promise<readonly DeliveredRecord[]> => {
    while (!closed && position >= written.length) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    if (closed) return []
    const taken = take(written, position, limits)
    position += BigInt(taken.length)
    return taken
  }

  const assignment: Assignment = {
    name,
    committed: progress.settled,
    lost: lost.signal,
    get end() {
      return BigInt(written.length)
    },
    begin: (from) => {
      position = from ?? position
    },
    next,
    settle: (to) => {
      if (lost.signal.aborted) return
      if (progress.settled === undefined || to > progress.settled) progress.settled = to
    },
  }
  return {
    assignment,
    wake: () => wake(),
    close: () => {
      closed = true
      wake()
    },
    giveAway: () => lost.abort(),
  }
}
