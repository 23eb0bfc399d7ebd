import { afterAll, beforeAll, expect, it } from 'vitest'
import { orderText, type RunningShop, runningShop } from './running-shop.ts'

let shop: RunningShop
beforeAll(async () => {
  shop = await runningShop()
})
afterAll(() => shop.close())

const line = { quantity: '1', unitPrice: '149.95' }
const last = { quantity: '3', unitPrice: '7.00' }

it('two identical lines stay two, in the order given, in the answer and in the event', async () => {
  const id = await shop.place(orderText(line, last, line))
  const lines = [
    { quantity: 1, unitPrice: 149.95 },
    { quantity: 3, unitPrice: 7 },
    { quantity: 1, unitPrice: 149.95 },
  ]
  expect(await (await shop.get(`/orders/${id}`)).json()).toMatchObject({ total: 320.9, items: lines })
  expect(await shop.ask('select payload from onewrite.events')).toMatchObject({
    totalAmount: 320.9,
    items: lines,
  })
})
