import { describe, expect, it } from 'vitest'
import { InvalidConfigError } from '../../src/error/classes.ts'
import { murmur2, partitionFor } from '../../src/message/partition.ts'

describe('the partition of a key', () => {
  // From the tests of Kafka's Java client.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('comes from the murmur2 of Java: %s', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash)
    expect(partitionFor(key, 1_000)).toBe((hash & 0x7fffffff) % 1_000)
  })

  it('is the same for a text and for its bytes in UTF-8', () => {
    expect(partitionFor('bestellung-ü', 12)).toBe(partitionFor(Buffer.from('bestellung-ü'), 12))
  })

  it('is one that exists, also where the hash is negative', () => {
    const partitions = Array.from({ length: 1_000 }, (_, i) => partitionFor(`order-${i}`, 7))
    expect(new Set(partitions)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]))
  })

  it.each([0, -1, 1.5, Number.NaN])('is not asked of %s partitions', (partitions) => {
    expect(() => partitionFor('a', partitions)).toThrow(InvalidConfigError)
  })
})
