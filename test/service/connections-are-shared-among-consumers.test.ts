import { expect, it } from 'vitest'
import { consumer } from '../../src/consumer/consumer.ts'
import type { ConsumerOptions } from '../../src/consumer/consumer-options.ts'
import { on } from '../../src/consumer/on.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import type { ServiceOptions } from '../../src/service/service-options.ts'
import { connectionsOf, poolSize } from '../../src/service/share-connections.ts'
import { OrderPlaced } from '../support/order-placed.ts'

const consumers = (count: number, options: ConsumerOptions = {}) =>
  Array.from({ length: count }, (_, index) =>
    consumer(`c${index}`, [on(OrderPlaced, () => undefined)], options),
  )

const given = (count: number, options: ConsumerOptions = {}) => ({
  name: 'orders',
  database: 'postgres://x@y/z',
  consumers: consumers(count, options),
})

const each = (options: ServiceOptions): readonly number[] => [
  ...new Set((options.consumers ?? []).map((one) => connectionsOf(options, one))),
]

it.each([
  [0, 6, 10],
  [1, 6, 19],
  [4, 6, 46],
  [12, 2, 70],
  [30, 1, 130],
])('%i consumers may each use %i connections for events apart, of a pool of %i', (count, apart, pool) => {
  expect(each(given(count))).toEqual(count === 0 ? [] : [apart])
  expect(poolSize(given(count))).toBe(pool)
})

it('consumers on a pool that was opened elsewhere take six of it together', async () => {
  const database = pgDatabase({ url: 'postgres://x@y/z' })
  expect(each({ ...given(3), database })).toEqual([2])
  expect(each({ ...given(30), database })).toEqual([1])
  expect(each({ ...given(1, { transaction: 'each' }), database })).toEqual([6])
  await database.close()
})

it.each([
  [16, 16, 29],
  [200, 32, 45],
  [1, 6, 19],
])(
  'a consumer of %i events at once, each in its own transaction, has %i connections',
  (concurrency, own, pool) => {
    const options = given(1, { transaction: 'each', concurrency })
    expect(each(options)).toEqual([own])
    expect(poolSize(options)).toBe(pool)
  },
)
