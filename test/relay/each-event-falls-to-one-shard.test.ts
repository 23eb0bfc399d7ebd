import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { fallsTo, firstPosition, shardName, type Topology } from '../../src/relay/shard/shard.ts'

const event = (position: bigint, aggregateId: string): RawEvent => ({
  position: String(position),
  id: 'id',
  aggregate: 'account',
  aggregateId,
  sequence: '1',
  type: 'changed',
  version: '1',
  payload: '{}',
  metadata: '{}',
  occurredAt: '2026-11-21T10:00:00Z',
  transactionId: '1',
  ordinal: 0,
  count: 1,
})

const positions = fc.array(fc.bigInt({ min: 0n, max: 40n }), { minLength: 1, maxLength: 8 })

const divided = (shards: number, stoppedAt: readonly bigint[]): Topology => ({
  generation: 2,
  shards,
  stoppedAt,
  active: true,
})

it('is published by one shard: of the generation before up to where that stopped, else of the new one', () => {
  fc.assert(
    fc.property(positions, fc.integer({ min: 1, max: 8 }), fc.string(), (stops, shards, key) => {
      const old: Topology = { generation: 1, shards: stops.length, stoppedAt: [], active: true }
      const now = divided(shards, stops)
      for (let at = 1n; at <= 41n; at += 1n) {
        const one = event(at, key)
        const published = stops.filter((stop, index) => at <= stop && fallsTo(old, index)(one))
        const left = Array.from({ length: shards }, (_, index) => index).filter((index) =>
          fallsTo(now, index)(one),
        )
        expect(published.length + left.length).toBe(1)
        // Nothing that is left lies below where the new generation begins to read.
        if (left.length > 0) expect(at).toBeGreaterThan(firstPosition(now))
      }
    }),
  )
})

it('uses names that no other generation has; an undivided relay keeps its own', () => {
  const first: Topology = { generation: 1, shards: 1, stoppedAt: [], active: true }
  expect(shardName('orders', first, 0)).toBe('orders')
  const names = [divided(1, [1n]), { ...divided(3, [1n]), generation: 3 }].flatMap((topology) =>
    Array.from({ length: topology.shards }, (_, index) => shardName('orders', topology, index)),
  )
  expect(names).toEqual(['orders.2.0', 'orders.3.0', 'orders.3.1', 'orders.3.2'])
})
