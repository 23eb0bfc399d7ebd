import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { redrive } from '../../src/dead-letter/decide.ts'
import {
  append,
  type Consumer,
  consumer,
  deadLetter,
  event,
  on,
  postgres,
  service,
  topics,
} from '../../src/index.ts'
import { kafka } from '../../src/kafka/index.ts'
import type { RunningService } from '../../src/service/service.ts'
import { memory, type Transport } from '../../src/transport/index.ts'
import { brokers } from '../support/broker.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const stock = z.object({ orderId: z.string() })
const order = { aggregate: 'order', id: (data: { orderId: string }) => data.orderId, data: stock }
const OrderCreated = event('order.created', order)
const StockReserved = event('stock.reserved', { ...order, aggregate: 'stock' })

let db: TestDatabase
let app: RunningService
afterEach(async () => {
  await app.stop()
  await db.close()
})

const run = crypto.randomUUID().slice(0, 8)

/** A group and topics of its own for each case: all of them share one broker. */
const start = async (transport: Transport, name: string, consumers: readonly Consumer[]): Promise<void> => {
  db = await freshDatabase()
  await db.database.query('create table reservations (order_id text)')
  await db.database.query('create table parcels (order_id text)')
  const topic = topics.fixed(`${name}-${run}`)
  const events = [OrderCreated, StockReserved]
  const options = { name: `${name}-${run}`, database: db.database, events, topic }
  app = await service({ ...options, transport, consumers }).start()
}

const orders = Array.from({ length: 200 }, (_, n) => `order-${n % 20}`)

const place = (ids: readonly string[]) =>
  app.transaction(async (tx) => {
    await append(
      tx,
      ids.map((orderId) => OrderCreated({ orderId })),
    )
  })

const counts = async (table: 'reservations' | 'parcels') => {
  const { rows } = await db.database.query<{ n: number }>(`select count(*)::int as n from ${table}`)
  return rows[0]?.n
}

const patience = { timeout: 60_000, interval: 100 }

describe.each([
  ['memory', () => memory({ partitions: 3 })],
  ['postgres', () => postgres()],
  ['kafka', () => kafka({ brokers: brokers().split(','), partitions: 3 })],
])('over %s', (transport, make) => {
  test('an event is consumed, its effect and the event that follows commit together, and that is consumed', async () => {
    const name = `chain-${transport}-${run}`
    const inventory = consumer(`inventory-${name}`, [
      on(OrderCreated, async ({ event, tx }) => {
        await tx.query('insert into reservations values ($1)', [event.data.orderId])
        return { events: [StockReserved(event.data)] }
      }),
    ])
    const shipping = consumer(`shipping-${name}`, [
      on(StockReserved, async ({ event, tx }) => {
        await tx.query('insert into parcels values ($1)', [event.data.orderId])
      }),
    ])
    await start(make(), name, [inventory, shipping])
    for (let from = 0; from < orders.length; from += 20) await place(orders.slice(from, from + 20))
    await expect.poll(() => counts('parcels'), patience).toBe(200)
    expect(await counts('reservations')).toBe(200)
    expect(app.health().state).toBe('up')
  })

  test('a dead letter holds back its key alone, and a redrive lets it go', async () => {
    const name = `park-${transport}-${run}`
    let broken = true
    const inventory = consumer(`inventory-${name}`, [
      on(OrderCreated, async ({ event, tx }) => {
        if (broken && event.data.orderId === 'order-7') return deadLetter('unknown product')
        await tx.query('insert into reservations values ($1)', [event.data.orderId])
        return undefined
      }),
    ])
    await start(make(), name, [inventory])
    await place(orders)
    await expect.poll(() => counts('reservations'), patience).toBe(190)
    broken = false
    await redrive(db.database, {}, { actor: 'me' })
    await expect.poll(() => counts('reservations'), patience).toBe(200)
  })
})
