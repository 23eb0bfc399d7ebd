import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { customerId, orderText, type RunningShop, runningShop } from './running-shop.ts'

let shop: RunningShop
beforeEach(async () => {
  shop = await runningShop()
})
afterEach(() => shop.close())

const key = { 'idempotency-key': 'order-of-today' }
const order = orderText({ quantity: '2', unitPrice: '149.95' })
const otherOrder = orderText({ quantity: '3', unitPrice: '149.95' })

const recorded = async (): Promise<unknown> => ({
  orders: await shop.ask('select count(*)::int from orders'),
  items: await shop.ask('select count(*)::int from order_items'),
  events: await shop.ask('select count(*)::int from onewrite.events'),
})
const once = { orders: 1, items: 1, events: 1 }

describe('the same Idempotency-Key', () => {
  it('gives the same order, recorded once', async () => {
    const first = await shop.place(order, key)
    expect(await shop.place(order, key)).toBe(first)
    expect(await recorded()).toEqual(once)
  })

  it('gives the same order to 20 requests at the same time, recorded once', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => shop.place(order, key)))
    expect(new Set(ids).size).toBe(1)
    expect(await recorded()).toEqual(once)
    expect(await shop.ask('select aggregate_id from onewrite.events')).toBe(ids[0])
  })

  it('recognises the same input in another spelling', async () => {
    const first = await shop.place(order, key)
    const spelledAnew = orderText({ quantity: '2', unitPrice: '"149.950"' }).replace(
      customerId,
      customerId.toUpperCase(),
    )
    expect(await shop.place(spelledAnew, key)).toBe(first)
    expect(await recorded()).toEqual(once)
  })

  it('with another input is refused with 422 and changes nothing', async () => {
    const first = await shop.place(order, key)
    const response = await shop.post(otherOrder, key)
    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({
      error: 'Idempotency-Key was already used with another request body',
    })
    expect(await recorded()).toEqual(once)
    expect(await shop.place(order, key)).toBe(first)
  })

  it('at the same time with different inputs lets one input through', async () => {
    const bodies = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? order : otherOrder))
    const statuses = await Promise.all(bodies.map(async (body) => (await shop.post(body, key)).status))
    expect(statuses.filter((status) => status === 201)).toHaveLength(10)
    expect(statuses.filter((status) => status === 422)).toHaveLength(10)
    expect(await recorded()).toEqual(once)
  })

  it('is still free after the order was refused', async () => {
    expect((await shop.post(orderText({ quantity: '0', unitPrice: '1' }), key)).status).toBe(400)
    await shop.place(order, key)
    expect(await recorded()).toEqual(once)
  })
})

it('without an Idempotency-Key, the same order twice is two orders', async () => {
  const ids = [await shop.place(order), await shop.place(order)]
  expect(new Set(ids).size).toBe(2)
  expect(await recorded()).toEqual({ orders: 2, items: 2, events: 2 })
})
