import { postgres } from 'onewrite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { placeOrder } from '../src/place-order.ts'
import { customerId, orderText, productId, type RunningShop, runningShop } from './running-shop.ts'

let shop: RunningShop
beforeAll(async () => {
  shop = await runningShop(postgres(), { answerWithin: 300 })
})
afterAll(() => shop.close())

const order = orderText({ quantity: '1', unitPrice: '1' })
const key = { 'idempotency-key': 'slow' }
const recorded = 'select (select count(*) from orders) + (select count(*) from onewrite.events)'

it('an order that takes too long is answered with 503, and the same key finds it afterwards', async () => {
  await shop.database.transaction(async (tx) => {
    await tx.query('lock table orders in share mode')
    const response = await shop.post(order, key)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
  })
  await expect.poll(async () => (await shop.post(order, key)).status).toBe(201)
  expect(await shop.ask(recorded)).toBe('2')
})

it('an order that cannot be read in time is answered with 503', async () => {
  const draft = { customerId, items: [{ productId, quantity: 1, unitPrice: 1 }] }
  const id = await placeOrder(shop.database, draft)
  await shop.database.transaction(async (tx) => {
    await tx.query('lock table orders in access exclusive mode')
    expect((await shop.get(`/orders/${id}`)).status).toBe(503)
  })
  await expect.poll(async () => (await shop.get(`/orders/${id}`)).status).toBe(200)
})
