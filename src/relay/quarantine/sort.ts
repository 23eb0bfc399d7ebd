import { createHash } from 'node:crypto'
import type { SetAside } from '../../dead-letter/set-aside.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { Batch } from '../source.ts'
import { identityOf, isEmpty, judge, type Quarantined } from './verdict.ts'

/** A batch, sorted into what may leave and what may not; both in order. */
export interface Sorted {
  readonly leaving: readonly OutgoingRecord[]
  readonly asides: readonly SetAside[]
}

export interface Sorter {
  sort(batch: Batch): Sorted
  /** The checkpoint is safe: records are counted from here. */
  settled(text: string): void
  /** Of the last record that was set aside. */
  readonly placed: bigint
}

export interface SorterOptions {
  readonly known: Quarantined
  /** Places begin behind this one. */
  readonly placed: bigint
  /** Text of the last checkpoint. */
  readonly checkpoint: string | undefined
}

const digest = (text = ''): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

/**
 * Sorts by what is quarantined. A record without an id is known by the checkpoint before it and its number from there:
 * a source that goes on from one checkpoint always hands out the same records in the same order.
 */
export const sorter = ({ known, ...options }: SorterOptions): Sorter => {
  let { placed, checkpoint } = options
  let ordinal = 0

  const sortEach = ({ records, checkpoint: { position } }: Batch): Sorted => {
    const base = digest(checkpoint)
    const asides = new Map<string, SetAside>()
    const leaving: OutgoingRecord[] = []
    for (const record of records) {
      ordinal += 1
      const named = identityOf(record, base, ordinal)
      const id = asides.has(named) ? `${named}#${ordinal}` : named
      const verdict = judge(known, record, id)
      if (verdict === undefined) leaving.push(record)
      else {
        placed += 1n
        asides.set(id, { id, record, place: placed, position, ...verdict })
      }
    }
    return { leaving, asides: [...asides.values()] }
  }

  return {
    sort: (batch) => {
      if (!isEmpty(known)) return sortEach(batch)
      ordinal += batch.records.length
      return { leaving: batch.records, asides: [] }
    },
    settled: (text) => {
      checkpoint = text
      ordinal = 0
    },
    get placed() {
      return placed
    },
  }
}
