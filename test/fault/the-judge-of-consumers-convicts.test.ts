import { expect, it } from 'vitest'
import {
  type ConsumerHistory,
  type Effect,
  innocent,
  judgeConsumer,
  type Written,
} from './consumer-history.ts'

const of = (id: string): Written => ({ id, key: id.slice(0, 1), number: Number(id.slice(1)) })

const written = ['a1', 'a2', 'a3', 'b1', 'b2'].map(of)

const effectsOf = (ids: readonly string[]): Effect[] =>
  ids.map((id, index) => ({ ...of(id), order: BigInt(index + 1) }))

const placed = written.map(({ id, key, number }) => ({ partition: key, offset: BigInt(number - 1), id }))

const fine: ConsumerHistory = {
  written,
  effects: effectsOf(['a1', 'b1', 'b2', 'a2', 'a3']),
  causing: ['a2', 'b2'],
  caused: ['b2', 'a2'],
  placed,
  sightings: [{ progress: new Map([['a', 1n]]), dealtWith: ['a1', 'b2'] }],
  standstill: { poisoned: new Set(['a']), handled: new Set(['b1', 'b2', 'a1']) },
}

const sighted = (settled: bigint, ...dealtWith: string[]): Partial<ConsumerHistory> => ({
  sightings: [{ progress: new Map([['a', settled]]), dealtWith }],
})

it.each<[string, Partial<ConsumerHistory>, object]>([
  ['nothing where all is well', {}, {}],
  ['a lost event', { effects: effectsOf(['a1', 'a2', 'b1', 'b2']) }, { lost: ['a3'] }],
  [
    'an effect of what nobody wrote',
    { effects: effectsOf(['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) },
    { phantom: ['c1'] },
  ],
  [
    'an event with two effects, once',
    { effects: effectsOf(['a1', 'a2', 'a3', 'b1', 'b2', 'a1']) },
    { duplicate: ['a1'] },
  ],
  [
    'an event that followed a later one of its key',
    { effects: effectsOf(['a1', 'a3', 'a2', 'b1', 'b2']) },
    { reordered: ['a2'] },
  ],
  [
    'every event that a later one overtook',
    { effects: effectsOf(['a3', 'a1', 'a2', 'b1', 'b2']) },
    { reordered: ['a1', 'a2'] },
  ],
  ['nothing where keys overtake each other', { effects: effectsOf(['b1', 'b2', 'a1', 'a2', 'a3']) }, {}],
  ['an effect without the event that it causes', { caused: ['a2'] }, { unchained: ['b2'] }],
  ['an event that was caused twice', { caused: ['a2', 'b2', 'a2'] }, { chainedAgain: ['a2'] }],
  ['an event that had no cause', { caused: ['a2', 'b2', 'b1'] }, { chainedAgain: ['b1'] }],
  ['nothing where what is settled was dealt with', sighted(2n, 'a1', 'a2'), {}],
  ['a record that the progress passed', sighted(2n, 'a2'), { passed: ['a/0'] }],
  [
    'nothing where it was dealt with long before',
    { sightings: [...fine.sightings, { progress: new Map([['a', 1n]]), dealtWith: [] }] },
    {},
  ],
  [
    'a record that was dealt with only after the progress had passed it',
    { sightings: [{ progress: new Map([['b', 1n]]), dealtWith: [] }, ...fine.sightings] },
    { passed: ['b/0'] },
  ],
  ['a record that the progress passed by one', sighted(3n, 'a1', 'a2'), { passed: ['a/2'] }],
  [
    'a key that waited although nothing was wrong with it',
    { standstill: { poisoned: new Set(['a']), handled: new Set(['b1']) } },
    { heldUp: ['b'] },
  ],
])('finds %s', (_, changes, found) => {
  expect(judgeConsumer({ ...fine, ...changes })).toEqual({ ...innocent, ...found })
})
