import fc from 'fast-check'
import { expect, test } from 'vitest'
import { settledPrefix } from '../../src/consumer/partition/settled-prefix.ts'

test('what is settled is everything below the first record that is not, whatever the order', () => {
  const offsets = fc.uniqueArray(fc.bigInt(0n, 1_000n), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(offsets, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (found, chances) => {
      const prefix = settledPrefix()
      expect(prefix.next).toBeUndefined()
      const rising = found.toSorted((a, b) => Number(a - b))
      const open = new Set<bigint>()
      for (const offset of rising) {
        prefix.begin(offset)
        open.add(offset)
        for (const one of [...open]) {
          if ((chances.next().value ?? 0) < 0.4) continue
          prefix.settle(one)
          open.delete(one)
        }
        const [lowest] = open
        expect(prefix.next).toBe(lowest ?? offset + 1n)
        expect(prefix.unsettled).toBe(open.size)
      }
    }),
  )
})

test('it keeps only what is unsettled, however much passes a record that waits', () => {
  const prefix = settledPrefix()
  prefix.begin(0n, 7)
  for (let offset = 1n; offset < 100_000n; offset++) {
    prefix.begin(offset)
    prefix.settle(offset)
  }
  expect([prefix.next, prefix.unsettled, prefix.oldest]).toEqual([0n, 1, 7])
  prefix.settle(0n)
  expect([prefix.next, prefix.unsettled, prefix.oldest]).toEqual([100_000n, 0, undefined])
})
