import type { ReadLimits } from '../../log/ordered-reader.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { OutboxReader } from '../../outbox/outbox-reader.ts'
import type { Change, ReplicationStream } from '../../postgres/replication.ts'

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

/** Follows where transactions begin and end. One that ends at or before `from` has left. */
const follower = (reader: OutboxReader, from: bigint) => {
  let reached = from
  let isOpen = false
  let skipping = false
  let commit = { lsn: 0n, at: 0n }

  const reach = (lsn: bigint): void => {
    if (lsn > reached) reached = lsn
  }

  return {
    /** The record of a change, where it has one. */
    apply: async (change: Change): Promise<OutgoingRecord | undefined> => {
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
    },
    /** What is open is given up. */
    leave: () => {
      isOpen = false
    },
    get isOpen() {
      return isOpen
    },
    get reached() {
      return reached
    },
    get committedAt() {
      return commit.at
    },
  }
}

/**
 * Gathers the records of several transactions, in the order of their commits; one that exceeds twice the limits is
 * handed out in parts. After a crash the slot may stand further back than it was told: what has left is passed over.
 *
 * What was committed before a row that cannot be published still leaves: the fault is kept for the next call, and until
 * then it looks as if nothing more had arrived. Of the row's own transaction nothing leaves.
 */
export const outboxGatherer = ({ stream, reader, from, limits }: OutboxGathererOptions): OutboxGatherer => {
  const nextChange = oneByOne(stream)
  const place = follower(reader, from)
  let fault: { readonly error: unknown } | undefined
  /** Records of the open transaction were handed out before. */
  let isSplit = false

  const takeInto = async (batch: { records: OutgoingRecord[]; since: string | undefined; whole: number }) => {
    let bytes = 0
    const isFull = (): boolean => {
      const factor = place.isOpen ? 2 : 1
      return batch.records.length >= factor * limits.events || bytes >= factor * limits.bytes
    }
    while (!isFull()) {
      const change = nextChange()
      if (change === undefined) return true
      const record = await place.apply(change)
      if (change.kind === 'commit') {
        batch.whole = batch.records.length
        isSplit = false
      }
      if (record === undefined) continue
      batch.since ??= rfc3339(place.committedAt)
      bytes += sizeOf(record)
      batch.records.push(record)
    }
    return false
  }

  return {
    gather: async () => {
      if (fault !== undefined) throw fault.error
      const batch = { records: [], since: undefined, whole: 0 }
      try {
        const caughtUp = await takeInto(batch)
        isSplit ||= place.isOpen && batch.records.length > batch.whole
        return { records: batch.records, since: batch.since, caughtUp }
      } catch (error) {
        if (isSplit) throw error
        fault = { error }
        place.leave()
        return { records: batch.records.slice(0, batch.whole), since: batch.since, caughtUp: true }
      }
    },
    get isOpen() {
      return place.isOpen
    },
    get reached() {
      return place.reached
    },
  }
}
