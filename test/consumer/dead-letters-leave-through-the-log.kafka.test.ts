import { afterEach, beforeEach, expect, it } from 'vitest'
import { carryOutRedrive, planRedrive } from '../../src/admin/redrive.ts'
import { consumer } from '../../src/consumer/consumer.ts'
import { on } from '../../src/consumer/on.ts'
import { deadLetter } from '../../src/consumer/outcome.ts'
import { type KafkaTransport, kafka } from '../../src/kafka/kafka.ts'
import { append } from '../../src/log/append.ts'
import { lastHeader } from '../../src/message/header-list.ts'
import { topics } from '../../src/message/topic.ts'
import { type RunningService, service } from '../../src/service/service.ts'
import { delivering } from '../../src/transport/deliver.ts'
import type { DeliveredRecord, Subscription } from '../../src/transport/subscriber.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { OrderPlaced, placed } from '../support/order-placed.ts'

const timeout = 40_000

let fresh: TestDatabase
let topic: string
let app: RunningService
let reading: KafkaTransport
const subscriptions: Subscription[] = []
const refused = new Set(['order-1', 'order-2'])

/** Everything that arrives on a topic. */
const follow = (name: string): readonly DeliveredRecord[] => {
  const found: DeliveredRecord[] = []
  const member = delivering(async (records) => void found.push(...records))
  subscriptions.push(reading.subscribing.subscribe({ group: `read-${name}`, topics: [name] }, member))
  return found
}

const handle = on(OrderPlaced, async ({ event, tx }) => {
  if (refused.has(event.aggregateId)) return deadLetter('unknown product\n    at shop.js:1')
  await tx.query('insert into effects values ($1, $2)', [event.aggregateId, event.sequence])
  return undefined
})

const effects = async () => (await fresh.database.query('select * from effects order by n')).rows

beforeEach(async () => {
  fresh = await freshDatabase()
  await fresh.database.query(
    'create table effects (id text, sequence bigint, n bigint generated always as identity)',
  )
  topic = uniqueTopic('orders')
  const transport = () => kafka({ brokers: brokers().split(',') })
  reading = transport()
  app = await service({
    name: topic,
    database: fresh.url,
    transport: transport(),
    events: [OrderPlaced],
    consumers: [consumer(`inventory-${topic}`, [handle])],
    topic: topics.fixed(topic),
  }).start()
})

afterEach(async () => {
  await Promise.all(subscriptions.splice(0).map((one) => one.stop()))
  await reading.close()
  await app.stop()
  await fresh.close()
})

it('a parked event is copied to <topic>.DLQ once, with its bytes, and other consumers see no redrive', async () => {
  const [originals, copies] = [follow(topic), follow(`${topic}.DLQ`)]
  await app.transaction((tx) => append(tx, placed('order-1', 'order-2', 'order-3', 'order-1')))
  await expect.poll(() => copies.length, { timeout }).toBe(2)
  await expect.poll(() => originals.length, { timeout }).toBe(4)
  const copied = new Map(copies.map((record) => [String(record.key), record]))
  const [first] = originals.filter(({ key }) => String(key) === 'order-1')
  const copy = copied.get('order-1')
  expect([...copied.keys()].sort()).toEqual(['order-1', 'order-2'])
  expect(copy?.value).toEqual(first?.value)
  const text = (name: string) => String(lastHeader(copy?.headers ?? [], name))
  for (const [name, value] of first?.headers ?? []) expect(text(name)).toBe(String(value))
  expect(text('onewrite-dlq-topic')).toBe(topic)
  expect(text('onewrite-dlq-offset')).toBe(first?.offset)
  expect(text('onewrite-dlq-error-cause')).toBe(
    'the handler of order.placed refused the event: unknown product',
  )
  // Released, everything of the key takes effect in order; nothing is written to any topic for it.
  refused.clear()
  const plan = await planRedrive(fresh.database, {})
  expect(plan).toMatchObject({ quarantines: 2, following: 1 })
  await carryOutRedrive(fresh.database, plan, { actor: 'test' })
  await expect.poll(async () => (await effects()).length, { timeout }).toBe(4)
  const ofFirst = (await effects()).filter(({ id }) => id === 'order-1')
  expect(ofFirst.map(({ sequence }) => sequence)).toEqual(['1', '2'])
  await app.transaction((tx) => append(tx, placed('order-4')))
  await expect.poll(() => originals.length, { timeout }).toBe(5)
  expect(copies).toHaveLength(2)
}, 120_000)
