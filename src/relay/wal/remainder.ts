import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { Checkpoint } from '../source.ts'
import { type Leftover, leftoverCheckpoint, type Refill } from './checkpoint.ts'
import { publishedPositions } from './published-positions.ts'

/** Header of a record that was filled in from the table: the range of positions in which records may be repeated. */
export const refillHeader = 'onewrite-refill'

/** What a reader of the table has to know about what another source published beyond the checkpoint. */
export interface Remainder {
  /** An event beyond the checkpoint that has left already. */
  hasLeft(position: bigint): boolean
  /** Marks a record that fills a gap, or that may have left before. */
  mark(record: OutgoingRecord, position: bigint): OutgoingRecord
  /** A checkpoint that keeps saying so until nothing of it lies ahead. */
  checkpointAt(position: bigint): Checkpoint
  readonly refill: Refill | undefined
}

const withHeader = (record: OutgoingRecord, value: string): OutgoingRecord => ({
  ...record,
  headers: Array.isArray(record.headers)
    ? [...record.headers, [refillHeader, value]]
    : { ...record.headers, [refillHeader]: value },
})

export const remainder = (from: bigint, { published, highest, refill }: Leftover): Remainder => {
  const left = publishedPositions(published ?? [])
  const doubtful = published === undefined ? highest : 0n
  const markThrough = refill !== undefined && refill.to > doubtful ? refill.to : doubtful
  const range = `${refill?.from ?? from}-${markThrough}`
  let filled = refill?.events ?? 0
  return {
    hasLeft: (position) => left.has(position),
    mark: (record, position) => {
      if (refill !== undefined) filled += 1
      return position > markThrough ? record : withHeader(record, range)
    },
    checkpointAt: (position) => {
      return leftoverCheckpoint(position, {
        published: published?.filter(([, to]) => to > position),
        highest: highest > position ? highest : 0n,
        refill: refill && { ...refill, events: filled },
      })
    },
    get refill() {
      return refill && { ...refill, events: filled }
    },
  }
}
