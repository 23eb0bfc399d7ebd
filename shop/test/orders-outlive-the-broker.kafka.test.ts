import { kafka } from 'onewrite/kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'
import { customerId, orderText, productId, type RunningShop, runningShop } from './running-shop.ts'
import { listTopics, readTopic, type TopicReader } from './topic-reader.ts'

const order = orderText({ quantity: '2', unitPrice: '149.95' }, { quantity: '1', unitPrice: '0.10' })
const soon = { timeout: 30_000 }
const late = { timeout: 80_000 }
const long = { timeout: 240_000 }

// A broker of this file's own: it is killed here.
let broker: Kafka
let shop: RunningShop
let reader: TopicReader
beforeAll(async () => {
  broker = await startKafka()
  shop = await runningShop(kafka({ brokers: broker.brokers.split(',') }))
  reader = await readTopic(broker.brokers, 'order.created')
})
afterAll(async () => {
  await reader?.close()
  await shop?.close()
  await broker?.close()
})

const keys = ({ records }: TopicReader): (string | undefined)[] => records.map(({ key }) => key)

it('both topics exist before the first order', async () => {
  expect(await listTopics(broker.brokers)).toEqual(
    expect.arrayContaining(['order.created', 'order.cancelled']),
  )
})

describe('an order', () => {
  it('leaves as the documented record', async () => {
    const id = await shop.place(order)
    await expect.poll(() => keys(reader), soon).toEqual([id])
    const [record] = reader.records
    const eventId = record?.headers['id']
    expect(record?.headers).toMatchObject({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: eventId,
      ce_type: 'order.created',
      ce_subject: id,
      ce_sequence: '0000000000000001',
    })
    const payload: unknown = JSON.parse(record?.value ?? '')
    expect(payload).toEqual({
      eventId,
      orderId: id,
      customerId,
      totalAmount: 300,
      items: [
        { productId, quantity: 2, unitPrice: 149.95 },
        { productId, quantity: 1, unitPrice: 0.1 },
      ],
      occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    })
    expect(await (await shop.get(`/orders/${id}`)).json()).toMatchObject({ total: 300 })
  })

  it('leaves once when its Idempotency-Key comes 20 times at once', async () => {
    const before = keys(reader)
    const key = { 'idempotency-key': 'order-of-today' }
    const [id] = await Promise.all(Array.from({ length: 20 }, () => shop.place(order, key)))
    const marker = await shop.place(order)
    await expect.poll(() => keys(reader), soon).toEqual([...before, id, marker])
  })

  it('is taken with 201 while the broker is down, and leaves once when it is back', long, async () => {
    const before = keys(reader)
    await broker.kill()
    const ids = [await shop.place(order), await shop.place(order)]
    expect((await shop.get('/actuator/health')).status).toBe(200)
    expect(await (await shop.get(`/orders/${ids[0]}`)).json()).toMatchObject({ id: ids[0] })
    await broker.start()
    const marker = await shop.place(order)
    await expect.poll(() => shop.left.map(({ key }) => key), late).toEqual([...before, ...ids, marker])
    // A new reader: how the old one takes the outage is not what is tested.
    const fresh = await readTopic(broker.brokers, 'order.created')
    await expect.poll(() => keys(fresh), late).toEqual([...before, ...ids, marker])
    await fresh.close()
  })
})
