import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { consumer } from '../../src/consumer/consumer.ts'
import { on } from '../../src/consumer/on.ts'
import { append } from '../../src/log/append.ts'
import { event } from '../../src/message/event.ts'
import { service } from '../../src/service/service.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const Placed = event('order.placed', { aggregate: 'order', id: () => 'o-1', data: z.object({}) })

let db: TestDatabase
beforeEach(async () => {
  db = await freshDatabase()
})
afterEach(() => db.close())

const seen = consumer('seen', [
  on(Placed, async ({ event: placed, tx }) => {
    await tx.query('insert into seen (id) values ($1)', [placed.id])
  }),
])

const options = () => ({ name: 'orders', database: db.url, events: [Placed], consumers: [seen] })

it('an event that waits at the first start finds the table that its handler needs', async () => {
  await db.database.transaction((tx) => append(tx, [Placed({})]))
  const app = await service({
    ...options(),
    prepare: (database) => database.query('create table seen (id uuid primary key)'),
  }).start()
  try {
    const count = async (): Promise<unknown> =>
      (await db.database.query('select count(*)::int from seen')).rows
    await expect.poll(count, { timeout: 20_000 }).toEqual([{ count: 1 }])
    const parked = await db.database.query('select count(*)::int from onewrite.dead_letters')
    expect(parked.rows).toEqual([{ count: 0 }])
  } finally {
    await app.stop()
  }
})

it('a service that cannot prepare does not start, and holds nothing', async () => {
  const prepare = async (): Promise<void> => {
    throw new Error('no such column')
  }
  await expect(service({ ...options(), prepare }).start()).rejects.toThrow('no such column')
  const held = "select count(*)::int from pg_stat_activity where application_name like 'onewrite orders%'"
  await expect.poll(async () => (await db.database.query(held)).rows).toEqual([{ count: 0 }])
})
