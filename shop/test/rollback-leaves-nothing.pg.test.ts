import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { orderText, type RunningShop, runningShop } from './running-shop.ts'

let shop: RunningShop
beforeEach(async () => {
  shop = await runningShop()
})
afterEach(() => shop.close())

const cursed = orderText({ quantity: '1', unitPrice: '66.60' })
const good = orderText({ quantity: '1', unitPrice: '1.00' })
const key = { 'idempotency-key': 'try-again' }

const counts = `
  select (select count(*) from orders)::int as orders, (select count(*) from order_items)::int as items,
         (select count(*) from onewrite.events)::int as events,
         (select count(*) from onewrite.streams)::int as streams`

const recorded = async (): Promise<unknown> => (await shop.database.query(counts)).rows[0]
const nothing = { orders: 0, items: 0, events: 0, streams: 0 }
const once = { orders: 1, items: 1, events: 1, streams: 1 }

const refusal = `
  create function refuse_cursed() returns trigger language plpgsql as
    $$ begin raise exception 'cursed'; end $$`

/** The commit itself fails, after row and event were written. */
const atCommit = `
  create constraint trigger cursed after insert on orders deferrable initially deferred
    for each row when (new.total = 66.60) execute function refuse_cursed()`

/** The event is refused, after the row was written. */
const atAppend = `
  create trigger cursed before insert on onewrite.events
    for each row when ((new.payload->>'totalAmount')::numeric = 66.60) execute function refuse_cursed()`

/** The row is refused, before the event is written. */
const atInsert = `
  create trigger cursed before insert on order_items
    for each row when (new.unit_price = 66.60) execute function refuse_cursed()`

describe.each([
  ['the commit', atCommit],
  ['the event', atAppend],
  ['a line of the order', atInsert],
])('when %s is refused', (_what, trigger) => {
  beforeEach(async () => {
    await shop.database.query(refusal)
    await shop.database.query(trigger)
  })

  it('there is no row, no event, no record, and the answer says nothing of the inside', async () => {
    const response = await shop.post(cursed)
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({ error: 'internal error' })
    expect(await recorded()).toEqual(nothing)
    const id = await shop.place(good)
    await expect.poll(() => shop.left.map((record) => record.key)).toEqual([id])
  })

  it('the Idempotency-Key is still free', async () => {
    expect((await shop.post(cursed, key)).status).toBe(500)
    await shop.database.query('drop function refuse_cursed cascade')
    const id = await shop.place(cursed, key)
    expect(await shop.place(cursed, key)).toBe(id)
    expect(await recorded()).toEqual(once)
  })
})
