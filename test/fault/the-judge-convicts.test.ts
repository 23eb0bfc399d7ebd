import { expect, it } from 'vitest'
import { type History, type HistoryRecord, judge } from '../../src/testing/history.ts'

const events = [
  { id: 'a1', key: 'a', sequence: 1 },
  { id: 'a2', key: 'a', sequence: 2 },
  { id: 'b1', key: 'b', sequence: 1 },
]

const delivered = (ids: readonly string[], partitionOf = (_: string): number => 0): HistoryRecord[] =>
  ids.map((id, index) => ({
    id,
    key: id.slice(0, 1),
    partition: partitionOf(id),
    offset: BigInt(index),
    topic: 'accounts',
  }))

const innocent = { lost: [], phantom: [], duplicate: [], reordered: [], unrecorded: [] }

it.each<[string, History, object]>([
  ['nothing where all is well', { events, records: delivered(['a1', 'b1', 'a2']) }, {}],
  ['a lost event', { events, records: delivered(['a1', 'b1']) }, { lost: ['a2'] }],
  [
    'an event that nobody recorded',
    { events, records: delivered(['a1', 'a2', 'b1', 'c1']) },
    { phantom: ['c1'] },
  ],
  [
    'an event of a transaction that was rolled back',
    { events, records: delivered(['a1', 'a2', 'b1']), rolledBack: ['b1'] },
    { phantom: ['b1'] },
  ],
  ['a duplicate', { events, records: delivered(['a1', 'a2', 'a1', 'b1']) }, { duplicate: ['a1'] }],
  [
    'a later event before an earlier one',
    { events, records: delivered(['a2', 'a1', 'b1']) },
    { reordered: ['a1'] },
  ],
  [
    'a key on two partitions',
    { events, records: delivered(['a1', 'a2', 'b1'], (id) => Number(id === 'a2')) },
    { reordered: ['a2'] },
  ],
  [
    'an acknowledged event that is not in the log',
    { events, records: delivered(['a1', 'a2', 'b1']), acknowledged: ['a1', 'd1'] },
    { unrecorded: ['d1'] },
  ],
])('finds %s', (_, history, found) => {
  expect(judge(history)).toEqual({ ...innocent, ...found })
})
