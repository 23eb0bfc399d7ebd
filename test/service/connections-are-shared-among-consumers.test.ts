import { expect, it } from 'vitest'
import { consumer } from '../../src/consumer/consumer.ts'
import { on } from '../../src/consumer/on.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { connectionsEach, poolSize } from '../../src/service/share-connections.ts'
import { OrderPlaced } from '../support/order-placed.ts'

const consumers = (count: number) =>
  Array.from({ length: count }, (_, index) => consumer(`c${index}`, [on(OrderPlaced, () => undefined)]))

const given = (count: number) => ({
  name: 'orders',
  database: 'postgres://x@y/z',
  consumers: consumers(count),
})

it.each([
  [0, 6, 10],
  [1, 6, 19],
  [4, 6, 46],
  [12, 2, 70],
  [30, 1, 130],
])('%i consumers may each use %i connections for events apart, of a pool of %i', (count, each, pool) => {
  expect(connectionsEach(given(count))).toBe(each)
  expect(poolSize(given(count))).toBe(pool)
})

it('consumers on a pool that was opened elsewhere take six of it together', async () => {
  const database = pgDatabase({ url: 'postgres://x@y/z' })
  expect(connectionsEach({ ...given(3), database })).toBe(2)
  expect(connectionsEach({ ...given(30), database })).toBe(1)
  await database.close()
})
