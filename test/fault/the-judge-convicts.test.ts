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

const positioned = events.map((event, index) => ({ ...event, position: BigInt(index + 1) }))
const refills = [{ name: 'r', from: 1n, to: 2n }]

/** Deliveries as `id` or, by a refill, `id@refill`. */
const deliveredBy = (deliveries: readonly string[]): HistoryRecord[] =>
  delivered(deliveries.map((text) => text.split('@')[0] ?? '')).map((record, index) => {
    const [, refill] = deliveries[index]?.split('@') ?? []
    return refill === undefined ? record : { ...record, refill }
  })

it.each<[string, readonly string[], object]>([
  ['nothing where a refill repeats its range, in order', ['a1', 'a2', 'b1', 'a1@r', 'a2@r'], {}],
  ['nothing where a refill delivers what was missing', ['a1', 'a1@r', 'a2@r', 'b1'], {}],
  ['a repetition that is not marked', ['a1', 'a2', 'b1', 'a1@r', 'a2'], { duplicate: ['a2'] }],
  ['a repetition outside of the range', ['a1', 'a2', 'b1', 'a1@r', 'a2@r', 'b1@r'], { duplicate: ['b1'] }],
  ['a repetition by a refill that nobody named', ['a1', 'a2', 'b1', 'a1@s'], { duplicate: ['a1'] }],
  ['an event that one refill delivered twice', ['a1', 'a2', 'b1', 'a1@r', 'a1@r'], { duplicate: ['a1'] }],
  ['what a refill delivered, delivered again', ['a1@r', 'a2@r', 'b1', 'a2'], { duplicate: ['a2'] }],
  ['a refill out of order', ['a1', 'a2', 'b1', 'a2@r', 'a1@r'], { reordered: ['a1'] }],
  ['a first delivery by a refill after a later one', ['a2', 'b1', 'a1@r', 'a2@r'], { reordered: ['a1'] }],
])('finds %s', (_, deliveries, found) => {
  const verdict = judge({ events: positioned, records: deliveredBy(deliveries), refills })
  expect(verdict).toEqual({ ...innocent, ...found })
})
