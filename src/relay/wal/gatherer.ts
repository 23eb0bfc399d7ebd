import type { ReadLimits } from '../../log/ordered-reader.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { RowInserted } from '../../postgres/replication.ts'
import type { Part } from '../source.ts'
import { walEvents } from './event.ts'
import type { WalProgress } from './progress.ts'
import type { WalRows } from './rows.ts'

export interface Gathered {
  readonly records: readonly OutgoingRecord[]
  /** When the first of them was recorded. */
  readonly since: string | undefined
  /** Whether nothing is left to take. */
  readonly caughtUp: boolean
}

export interface GathererOptions {
  readonly rows: WalRows
  readonly progress: WalProgress
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly part: Part
  readonly limits: ReadLimits
}

/**
 * Gathers the events of several transactions, in the order of their commits; one that exceeds twice the limits is
 * handed out in parts.
 */
export const walGatherer = ({ rows, progress, encode, part, limits }: GathererOptions): (() => Gathered) => {
  const toEvent = walEvents()

  const eventOf = (row: RowInserted): RawEvent | undefined => {
    const event = toEvent(row)
    const position = BigInt(event.position)
    if (progress.hasLeft(position)) return undefined
    progress.handed(position)
    return part.keeps(event) ? event : undefined
  }

  return () => {
    const records: OutgoingRecord[] = []
    let since: string | undefined
    let bytes = 0
    const isFull = (): boolean => {
      const factor = rows.isOpen ? 2 : 1
      return records.length >= factor * limits.events || bytes >= factor * limits.bytes
    }
    while (!isFull()) {
      const row = rows.next()
      if (row === undefined) return { records, since, caughtUp: rows.unaccepted === undefined }
      const event = row === 'passed' ? undefined : eventOf(row)
      if (event === undefined) continue
      since ??= event.occurredAt
      bytes += event.payload.length + event.metadata.length
      records.push(encode(event))
    }
    return { records, since, caughtUp: false }
  }
}
