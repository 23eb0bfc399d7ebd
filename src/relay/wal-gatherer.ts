import type { ReadLimits } from '../log/ordered-reader.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { Change, ReplicationStream, RowInserted } from '../postgres/replication.ts'
import type { Part } from './source.ts'
import type { WalPlace } from './wal-checkpoint.ts'
import { walEvents } from './wal-event.ts'
import type { WalProgress } from './wal-progress.ts'

export interface Gathered {
  readonly records: readonly OutgoingRecord[]
  /** When the first of them was recorded. */
  readonly since: string | undefined
  /** Whether nothing is left to take. */
  readonly caughtUp: boolean
}

export interface Gatherer {
  gather(): Gathered
  /** Whether a transaction was begun and its commit not seen. */
  readonly isOpen: boolean
}

export interface GathererOptions {
  readonly stream: ReplicationStream
  /** Of the log. */
  readonly schema: string
  readonly place: WalPlace
  readonly progress: WalProgress
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly part: Part
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
    const change = taken[index]
    index += 1
    return change
  }
}

/**
 * Gathers the events of several transactions, in the order of their commits; one that exceeds twice the limits is handed
 * out in parts. A transaction that ends at or before the place has left: after a crash the slot may stand further back
 * than it was told.
 */
export const walGatherer = (options: GathererOptions): Gatherer => {
  const { stream, schema, place, progress, encode, part, limits } = options
  const toEvent = walEvents()
  const nextChange = oneByOne(stream)
  let isOpen = false
  let skipping = false

  const eventOf = (row: RowInserted): RawEvent | undefined => {
    if (skipping || row.relation.schema !== schema || row.relation.table !== 'events') return undefined
    const event = toEvent(row)
    const position = BigInt(event.position)
    if (progress.hasLeft(position)) return undefined
    progress.handed(position)
    return part.keeps(event) ? event : undefined
  }

  /** An event to hand out, where the change is one. */
  const apply = (change: Change): RawEvent | undefined => {
    if (change.kind === 'insert') return eventOf(change)
    if (change.kind === 'begin') {
      isOpen = true
      // A commit that begins before the place ends at or before it: records do not overlap.
      skipping = change.lsn < place.lsn
    } else if (change.kind === 'commit') {
      isOpen = false
      if (!skipping) progress.reached(change.end)
    } else if (change.kind === 'keepalive' && !isOpen) progress.reached(change.end)
    return undefined
  }

  return {
    gather: () => {
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
        const event = apply(change)
        if (event === undefined) continue
        since ??= event.occurredAt
        bytes += event.payload.length + event.metadata.length
        records.push(encode(event))
      }
      return { records, since, caughtUp: false }
    },
    get isOpen() {
      return isOpen
    },
  }
}
