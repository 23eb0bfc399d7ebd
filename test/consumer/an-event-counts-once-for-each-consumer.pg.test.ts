import { beforeAll, describe, expect, it } from 'vitest'
import { markInbox } from '../../src/consumer/inbox/mark.ts'
import { registerConsumer } from '../../src/consumer/register-consumer.ts'
import { newId } from '../../src/message/new-id.ts'
import type { Database } from '../../src/postgres/database.ts'
import { dice } from '../fault/seed.ts'
import { freshDatabase } from '../support/database.ts'
import { openTransaction, untilWaiting } from './open-transaction.ts'

let database: Database
let inventory: number
let billing: number

beforeAll(async () => {
  database = (await freshDatabase()).database
  inventory = await registerConsumer(database, 'inventory')
  billing = await registerConsumer(database, 'billing')
})

const mark = (consumer: number, ids: readonly string[]): Promise<ReadonlySet<string>> =>
  database.transaction((tx) => markInbox(tx, consumer, ids))

describe('a consumer', () => {
  it('has one number, whoever registers it', async () => {
    const numbers = await Promise.all(
      Array.from({ length: 8 }, () => registerConsumer(database, 'registered at once')),
    )
    expect(new Set(numbers).size).toBe(1)
    expect(numbers[0]).not.toBe(inventory)
  })

  it('does not swallow the event of another one', async () => {
    const id = newId()
    expect(await mark(inventory, [id])).toEqual(new Set([id]))
    expect(await mark(billing, [id])).toEqual(new Set([id]))
    expect(await mark(inventory, [id])).toEqual(new Set())
    expect(await mark(billing, [id])).toEqual(new Set())
  })
})

describe('an event', () => {
  it('is told from those seen before within one call', async () => {
    const [seen, fresh] = [newId(), newId()]
    await mark(inventory, [seen])
    expect(await mark(inventory, [seen, fresh, seen, fresh])).toEqual(new Set([fresh]))
    expect(await mark(inventory, [])).toEqual(new Set())
  })

  it('may have any text as its id', async () => {
    const ids = ['order.events/3/17', 'é'.repeat(9_000), 'a\0b', '', "'; --", '\ud800']
    expect(await mark(inventory, ids)).toEqual(new Set(ids))
    expect(await mark(inventory, ids)).toEqual(new Set())
  })

  it('is the same in any case of letters where its id is a UUID, and only there', async () => {
    const id = newId()
    await mark(inventory, [id])
    expect(await mark(inventory, [id.toUpperCase()])).toEqual(new Set())
    await mark(inventory, ['order'])
    expect(await mark(inventory, ['ORDER'])).toEqual(new Set(['ORDER']))
  })

  it('is new again where the transaction that marked it was rolled back', async () => {
    const id = newId()
    const { tx, rollback } = await openTransaction(database)
    expect(await markInbox(tx, inventory, [id])).toEqual(new Set([id]))
    expect(await markInbox(tx, inventory, [id])).toEqual(new Set())
    await rollback()
    expect(await mark(inventory, [id])).toEqual(new Set([id]))
  })
})

describe('two transactions that mark the same event at once', () => {
  it('wait for each other, and the second is told that it was seen', async () => {
    const id = newId()
    const first = await openTransaction(database)
    await markInbox(first.tx, inventory, [id])
    const second = mark(inventory, [id])
    await untilWaiting(database, 1)
    await first.commit()
    expect(await second).toEqual(new Set())
  })

  it('wait for each other, and the second goes on where the first fails', async () => {
    const id = newId()
    const first = await openTransaction(database)
    await markInbox(first.tx, inventory, [id])
    const second = mark(inventory, [id])
    await untilWaiting(database, 1)
    await first.rollback()
    expect(await second).toEqual(new Set([id]))
  })

  it('never both have it, nor wait in a circle, however their events overlap', async () => {
    const roll = dice(7)
    const ids = Array.from({ length: 60 }, () => newId())
    const told = new Map<string, number>()
    const worker = async (): Promise<void> => {
      for (let turn = 0; turn < 12; turn += 1) {
        const some = Array.from({ length: 20 }, () => roll.pick(ids))
        for (const id of await mark(billing, some)) told.set(id, (told.get(id) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    expect([...told.values()].every((times) => times === 1)).toBe(true)
    expect(told.size).toBeGreaterThan(50)
  })
})
