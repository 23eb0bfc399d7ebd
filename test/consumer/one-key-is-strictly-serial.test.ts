import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Lanes, openLanes, type Unit } from '../../src/consumer/lane/lanes.ts'
import type { Entry, PartitionInHand } from '../../src/consumer/partition/in-hand.ts'
import { settledPrefix } from '../../src/consumer/partition/settled-prefix.ts'

const partitionOf = (name: string): PartitionInHand => ({
  assignment: {
    ...{ name, committed: undefined, end: undefined, lost: new AbortController().signal },
    ...{ begin: () => undefined, next: async () => [], settle: () => undefined },
  },
  owned: { name, token: 1n },
  ...{ prefix: settledPrefix(), begun: undefined, open: true, saved: undefined },
})

const entryOf = (partition: PartitionInHand, lane: string, offset: number): Entry => {
  const record = {
    topic: 't',
    partition: 0,
    offset: String(offset),
    timestamp: 0,
    key: null,
    value: null,
    headers: [],
  }
  const queue = { scope: 'key', topic: 't', subject: Buffer.from(lane) } as const
  const identified = { record, id: `${lane}/${offset}`, identified: true, queue, lane }
  const cause = { code: 'X', message: 'x' }
  const received = { ...identified, kind: 'unreadable', type: 'x', whenUnreadable: 'park', cause } as const
  return { received, partition, offset: BigInt(offset), bytes: 1 }
}

const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), lane: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ do: fc.constant('together' as const), most: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constant('alone' as const), any: fc.boolean() }),
  fc.record({
    do: fc.constant('release' as const),
    dealt: fc.integer({ min: 0, max: 6 }),
    alone: fc.boolean(),
  }),
)

const takes = (lanes: Lanes, one: { do: 'together'; most: number } | { do: 'alone'; any: boolean }) => {
  if (one.do === 'together') return lanes.takeTogether(one.most)
  const unit = lanes.takeAlone(one.any)
  return unit === undefined ? [] : [unit]
}

test('a lane is in one hand at a time, in the order of arrival, and everything is dealt with once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const left: Entry[] = []
      const lanes = openLanes({ kick: () => undefined, left: (entry) => left.push(entry) })
      const partition = partitionOf('t/0')
      const out: Unit[] = []
      const next = new Map<string, bigint[]>()
      steps.forEach((one, offset) => {
        if (one.do === 'add') {
          const lane = `lane ${one.lane}`
          lanes.add(entryOf(partition, lane, offset))
          next.set(lane, [...(next.get(lane) ?? []), BigInt(offset)])
        } else if (one.do === 'release') {
          const unit = out.shift()
          if (unit === undefined) return
          const dealt = Math.min(one.dealt, unit.entries.length)
          lanes.release(unit, { dealt, alone: one.alone })
          next.get(unit.lane)?.splice(0, dealt)
        } else {
          for (const unit of takes(lanes, one)) {
            expect(out.map(({ lane }) => lane)).not.toContain(unit.lane)
            const offsets = unit.entries.map((entry) => entry.offset)
            expect(offsets.length).toBeGreaterThan(0)
            expect(offsets).toEqual(next.get(unit.lane)?.slice(0, offsets.length))
            out.push(unit)
          }
        }
      })
      expect(new Set(left).size).toBe(left.length)
    }),
  )
})

test('a little of many lanes is taken before much of one, and the room that is left is used', () => {
  const lanes = openLanes({ kick: () => undefined, left: () => undefined })
  const partition = partitionOf('t/0')
  const add = (lane: string, count: number): void => {
    for (let offset = 0; offset < count; offset++) lanes.add(entryOf(partition, lane, offset))
  }
  add('hot', 100)
  for (const lane of ['a', 'b', 'c']) add(lane, 3)
  const counts = lanes.takeTogether(12).map(({ lane, entries }) => [lane, entries.length])
  expect(counts).toEqual([
    ['hot', 3],
    ['a', 3],
    ['b', 3],
    ['c', 3],
  ])
})

test('a lane that has more than others fills the room', () => {
  const lanes = openLanes({ kick: () => undefined, left: () => undefined })
  const partition = partitionOf('t/0')
  for (let offset = 0; offset < 100; offset++) lanes.add(entryOf(partition, 'hot', offset))
  lanes.add(entryOf(partition, 'a', 0))
  const counts = lanes.takeTogether(50).map(({ lane, entries }) => [lane, entries.length])
  expect(counts).toEqual([
    ['hot', 49],
    ['a', 1],
  ])
})

test('what of a partition was given away is forgotten, what is being worked on is not cut off', async () => {
  const left: string[] = []
  const lanes = openLanes({ kick: () => undefined, left: ({ received }) => left.push(received.id) })
  const [kept, gone] = [partitionOf('t/0'), partitionOf('t/1')]
  const add = (partition: PartitionInHand, lane: string): void => {
    for (const offset of [1, 2]) lanes.add(entryOf(partition, lane, offset))
  }
  add(kept, 'a')
  add(gone, 'b')
  const units = lanes.takeTogether(4)
  add(gone, 'c')
  gone.open = false
  lanes.sweep()
  expect(left).toEqual(['c/1', 'c/2'])
  let quiet = false
  const waiting = lanes.quiet(gone).then(() => {
    quiet = true
  })
  for (const unit of units.filter(({ lane }) => lane === 'a')) lanes.release(unit, { dealt: 2 })
  await Promise.resolve()
  expect(quiet).toBe(false)
  for (const unit of units.filter(({ lane }) => lane === 'b')) lanes.release(unit, { dealt: 0 })
  await waiting
  expect(left.toSorted()).toEqual(['a/1', 'a/2', 'b/1', 'b/2', 'c/1', 'c/2'])
  expect(lanes.takeTogether(10)).toEqual([])
})
