import type { ReadLimits } from '../log/ordered-reader.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { OutboxReader } from '../outbox/outbox-reader.ts'
import type { Change, ReplicationStream } from '../postgres/replication.ts'

export interface OutboxGathered {
  readonly records: readonly OutgoingRecord[]
  /** RFC 3339: when the first of them was committed. */
  readonly since: string | undefined
  /** Whether nothing is left to take. */
  readonly caughtUp: boolean
}

export interface OutboxGatherer {
  /** @throws OUTBOX_ROW_REFUSED, OUTBOX_UNREADABLE */
  gather(): Promise<OutboxGathered>
  /** Whether a transaction was begun and its commit not seen. */
  readonly isOpen: boolean
  /** Every transaction that ends at or before this was handed out. */
  readonly reached: bigint
}

export interface OutboxGathererOptions {
  readonly stream: ReplicationStream
  readonly reader: OutboxReader
  /** Every transaction that ends at or before this has left. */
  readonly from: bigint
  readonly limits: ReadLimits
}

/** Takes changes one by one out of what the stream hands over in bulk. */
const oneByOne = (stream: ReplicationStream): (() => Change | undefined) => {
  let taken: readonly Change[] = []
  let index = 0
  return () => {
    if (index >= taken.length) {
      taken = stream.take()
      index = 0
    }
    return taken[index++]
  }
}

const rfc3339 = (micros: bigint): string => new Date(Number(micros / 1000n)).toISOString()

const sizeOf = ({ value }: OutgoingRecord): number => value?.length ?? 0

/**
 * Gathers the records of several transactions, in the order of their commits; one that exceeds twice the limits is
 * handed out in parts. A transaction that ends at or before the place has left: after a crash the slot may stand
 * further back than it was told.
 */
export const outboxGatherer = ({ stream, reader, from, limits }: OutboxGathererOptions): OutboxGatherer => {
  const nextChange = oneByOne(stream)
  let reached = from
  let isOpen = false
  let skipping = false
  let commit = { lsn: 0n, at: 0n }

  const reach = (lsn: bigint): void => {
    if (lsn > reached) reached = lsn
  }

  const apply = async (change: Change): Promise<OutgoingRecord | undefined> => {
    if (change.kind === 'begin') {
      isOpen = true
      // A commit that begins before the place ends at or before it: records do not overlap.
      skipping = change.lsn < from
      commit = { lsn: change.lsn, at: change.committedAt }
    } else if (change.kind === 'commit') {
      isOpen = false
      if (!skipping) reach(change.end)
    } else if (change.kind === 'keepalive') {
      if (!isOpen) reach(change.end)
    } else if (isOpen && !skipping) return reader.read(change, commit.lsn)
    return undefined
  }

  return {
    gather: async () => {
      const records: OutgoingRecord[] = []
      let since: string | undefined
      let bytes = 0
      const isFull = (): boolean => {
        const factor = isOpen ? 2 : 1
        return records.length >= factor * limits.events || bytes >= factor * limits.bytes
      }
      while (!isFull()) {
        const change = nextChange()
        if (change === undefined) return { records, since, caughtUp: true }
        const record = await apply(change)
        if (record === undefined) continue
        since ??= rfc3339(commit.at)
        bytes += sizeOf(record)
        records.push(record)
      }
      return { records, since, caughtUp: false }
    },
    get isOpen() {
      return isOpen
    },
    get reached() {
      return reached
    },
  }
}
