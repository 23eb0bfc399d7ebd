import { type Database, OnewriteError } from 'onewrite'
import { beforeEach, describe, expect, it } from 'vitest'
import { freshDatabase } from '../../test/support/database.ts'
import { migrateShop } from '../src/migrate.ts'
import { placeOrder, type Recording } from '../src/place-order.ts'
import { customerId, productId } from './running-shop.ts'

const draft = { customerId, items: [{ productId, quantity: 1, unitPrice: 9.99 }] }

let database: Database
beforeEach(async () => {
  database = (await freshDatabase()).database
  await migrateShop(database)
})

const lost = (): never => {
  throw new OnewriteError('COMMIT_UNKNOWN', {})
}

/** The first `times` transactions commit, and the reply is lost. */
const losingReplies = (times: number): Recording => {
  let left = times
  return {
    transaction: async (work) => {
      const result = await database.transaction(work)
      return left-- > 0 ? lost() : result
    },
  }
}

/** The first transaction is rolled back, and the reply is lost. */
const losingTheFirst = (): Recording => {
  let first = true
  return {
    transaction: (work) =>
      database.transaction(async (tx) => {
        const result = await work(tx)
        const fails = first
        first = false
        if (fails) throw new OnewriteError('TRANSACTION_LOST', {})
        return result
      }),
  }
}

const recorded = `
  select o.id, (select count(*)::int from orders) as orders,
         (select count(*)::int from onewrite.events) as events
    from orders o`

describe.each([
  ['with', 'a-key'],
  ['without', undefined],
])('%s an Idempotency-Key', (_word, key) => {
  it.each([
    ['had committed', () => losingReplies(1)],
    ['had committed, twice', () => losingReplies(2)],
    ['had rolled back', losingTheFirst],
  ])('an order whose commit %s unheard is recorded once', async (_what, recording) => {
    const id = await placeOrder(recording(), draft, key)
    expect((await database.query(recorded)).rows).toEqual([{ id, orders: 1, events: 1 }])
  })
})

it('gives up after three attempts', async () => {
  await expect(placeOrder(losingReplies(3), draft)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
})
