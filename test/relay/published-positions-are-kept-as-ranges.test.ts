import fc from 'fast-check'
import { expect, it } from 'vitest'
import { leftoverCheckpoint, leftoverOf, walCheckpoint, walPlaceOf } from '../../src/relay/wal/checkpoint.ts'
import { publishedPositions } from '../../src/relay/wal/published-positions.ts'
import { remainder } from '../../src/relay/wal/remainder.ts'

const positions = fc.array(fc.bigInt({ min: 1n, max: 60n }), { maxLength: 80 })

it('has what was added above the floor, and nothing else, whatever the order', () => {
  fc.assert(
    fc.property(positions, fc.bigInt({ min: 0n, max: 60n }), (added, floor) => {
      const kept = publishedPositions()
      for (const position of added) kept.add(position)
      kept.dropThrough(floor)
      for (let position = 1n; position <= 60n; position += 1n) {
        expect(kept.has(position)).toBe(position > floor && added.includes(position))
      }
    }),
  )
})

it('keeps its ranges sorted and apart', () => {
  fc.assert(
    fc.property(positions, (added) => {
      const kept = publishedPositions()
      for (const position of added) kept.add(position)
      const ranges = kept.ranges() ?? []
      for (const [index, [from, to]] of ranges.entries()) {
        expect(from).toBeLessThanOrEqual(to)
        expect(from).toBeGreaterThan((ranges[index - 1]?.[1] ?? -1n) + 1n)
      }
      expect(kept.highest).toBe(added.toSorted((one, other) => (one < other ? -1 : 1)).at(-1) ?? 0n)
    }),
  )
})

it('says that it does not know where there are too many ranges for a checkpoint', () => {
  const kept = publishedPositions()
  for (let index = 0n; index < 101n; index += 1n) kept.add(index * 2n)
  expect(kept.ranges()).toBeUndefined()
})

const place = { lsn: 0x16_b374_d848n, system: '7', timeline: 1, slot: 'onewrite_a', publication: '1.2' }

it('a checkpoint carries them and the place, also into a reader of the table and back', () => {
  fc.assert(
    fc.property(positions, (added) => {
      const kept = publishedPositions()
      for (const position of added) kept.add(position)
      const leftover = { published: kept.ranges(), highest: kept.highest, refill: undefined }
      const text = walCheckpoint(place, 5n, leftover).text
      expect(walPlaceOf('a', text)).toEqual(place)
      expect(leftoverOf(text)).toEqual(leftover)
      expect(leftoverOf(leftoverCheckpoint(5n, leftoverOf(text)).text)).toEqual(leftover)
      const rest = remainder(5n, leftoverOf(text))
      for (const position of added) expect(rest.hasLeft(position)).toBe(true)
    }),
  )
})

it('events that may have left, because nobody knows exactly, are marked with the range', () => {
  const text = walCheckpoint(place, 5n, { published: undefined, highest: 9n, refill: undefined }).text
  const rest = remainder(5n, leftoverOf(text))
  const record = { topic: 't', key: null, value: null, headers: {} }
  expect(rest.mark(record, 7n).headers).toEqual({ 'onewrite-refill': '5-9' })
  expect(rest.mark(record, 10n).headers).toEqual({})
  expect(leftoverOf(rest.checkpointAt(7n).text)).toEqual({
    published: undefined,
    highest: 9n,
    refill: undefined,
  })
  expect(rest.checkpointAt(9n).text).toBe('{"source":"table","position":"9"}')
})

it('a place that cannot be read is an error, never a guess', () => {
  expect(() => walPlaceOf('a', '{"source":"wal","position":"3"}')).toThrow('CHECKPOINT_UNREADABLE')
  expect(walPlaceOf('a', '{"source":"table","position":"3"}')).toBeUndefined()
})
