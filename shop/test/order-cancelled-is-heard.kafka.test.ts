import { once } from 'node:events'
import { kafka } from 'onewrite/kafka'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { consoleProducer } from '../../stack/src/console-producer.ts'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'
import { orderText, type RunningShop, runningShop } from './running-shop.ts'

const order = orderText({ quantity: '1', unitPrice: '149.95' })
const soon = { timeout: 40_000 }
const reason = 'Customer request'

// A broker of this file's own: topic and group have the names they have in the field.
let broker: Kafka
let shop: RunningShop
const log: { readonly level: number; readonly text: string }[] = []
const logger = pino(
  { level: 'warn' },
  { write: (line) => void log.push({ level: JSON.parse(line).level, text: line }) },
)
beforeAll(async () => {
  broker = await startKafka()
  shop = await runningShop(kafka({ brokers: broker.brokers.split(',') }), { logger })
})
afterAll(async () => {
  await shop?.close()
  await broker?.close()
})

/** As the first article's smoke test does it: one line, one record, no key, no header. */
const send = async (...lines: readonly string[]): Promise<void> => {
  const producer = await consoleProducer({ brokers: broker.brokers, topic: 'order.cancelled', input: 'pipe' })
  producer.stdin?.end(lines.map((line) => `${line}\n`).join(''))
  const [code] = await once(producer, 'exit')
  expect(code).toBe(0)
}

const cancellation = (orderId: string): string => JSON.stringify({ orderId, reason })

const Found = z.object({ status: z.string(), createdAt: z.string(), updatedAt: z.string() })

const find = async (id: string) => Found.parse(await (await shop.get(`/orders/${id}`)).json())

const statusOf = async (id: string): Promise<string> => (await find(id)).status

const told = (level: number, what: string): number =>
  log.filter((line) => line.level === level && line.text.includes(what)).length

const [warning, error] = [40, 50]

it('an order that Kafka’s own console producer cancels is CANCELLED', async () => {
  const id = await shop.place(order)
  const before = await find(id)
  expect(before).toMatchObject({ status: 'CREATED', updatedAt: before.createdAt })
  await send(cancellation(id))
  await expect.poll(() => statusOf(id), soon).toBe('CANCELLED')
  const after = await find(id)
  expect(Date.parse(after.updatedAt)).toBeGreaterThan(Date.parse(before.updatedAt))
  expect(after.createdAt).toBe(before.createdAt)
})

it('what cannot be read, an unknown order and a cancelled one are told to the log and hold nobody up', async () => {
  const [id, last] = [await shop.place(order), await shop.place(order)]
  const unknown = '00000000-0000-4000-8000-000000000000'
  await send(cancellation(id).toUpperCase().replace('ORDERID', 'orderId').replace('REASON', 'reason'))
  await expect.poll(() => statusOf(id), soon).toBe('CANCELLED')
  const { updatedAt } = await find(id)
  const repeated = cancellation(id)
  await send('{"orderId": "', '{"orderId": 42}', '[]', cancellation(unknown), repeated, cancellation(last))
  await expect.poll(() => statusOf(last), soon).toBe('CANCELLED')
  await expect.poll(() => told(warning, `order ${id} is cancelled already`), soon).toBe(1)
  await expect.poll(() => told(warning, `there is no order ${unknown}`), soon).toBe(1)
  await expect.poll(() => told(error, 'the value is not JSON'), soon).toBe(1)
  expect(told(error, 'invalid data for order.cancelled')).toBe(2)
  expect((await find(id)).updatedAt).toBe(updatedAt)
  expect(await shop.ask('select count(*)::int from onewrite.dead_letters')).toBe(0)
})

it('nothing is emitted for a cancellation', async () => {
  expect(
    await shop.ask("select count(*)::int from onewrite.events where event_type <> 'order.created'"),
  ).toBe(0)
})
