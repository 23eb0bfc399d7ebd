import { beforeAll, describe, expect, it } from 'vitest'
import { markInbox } from '../../src/consumer/inbox/mark.ts'
import {
  assertOwned,
  saveSettled,
  type Taken,
  takeOwnership,
} from '../../src/consumer/partition/ownership.ts'
import { registerConsumer } from '../../src/consumer/register-consumer.ts'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'
import { openTransaction, untilWaiting } from './open-transaction.ts'

let database: Database
let consumer: number
let made = 0

beforeAll(async () => {
  database = (await freshDatabase()).database
  consumer = await registerConsumer(database, 'inventory')
})

const take = (name: string, owner: string): Promise<Taken> =>
  takeOwnership(database, { consumer, name, owner })
const partition = (): string => `order.events/${++made}`
const fenced = (name: string) => ({ code: 'FENCED', message: expect.stringContaining(name) })

describe('the owner of a partition', () => {
  it('gets a higher token than every one before', async () => {
    const name = partition()
    expect((await take(name, 'a')).token).toBe(1n)
    expect((await take(name, 'b')).token).toBe(2n)
    expect((await take(name, 'a')).token).toBe(3n)
  })

  it('is the last of many that take it at once', async () => {
    const name = partition()
    const taken = await Promise.all(Array.from({ length: 8 }, (_, index) => take(name, `owner ${index}`)))
    const last = taken.reduce((one, other) => (one.token > other.token ? one : other))
    expect(new Set(taken.map(({ token }) => token)).size).toBe(8)
    for (const owned of taken) {
      const asserted = database.transaction((tx) => assertOwned(tx, consumer, [owned]))
      if (owned === last) await asserted
      else await expect(asserted).rejects.toMatchObject(fenced(name))
    }
  })

  it('is one for each consumer', async () => {
    const name = partition()
    const other = await registerConsumer(database, 'billing')
    const mine = await take(name, 'a')
    await takeOwnership(database, { consumer: other, name, owner: 'b' })
    await database.transaction((tx) => assertOwned(tx, consumer, [mine]))
  })
})

describe('a former owner in the middle of a transaction', () => {
  it('is refused when it has not asserted yet', async () => {
    const name = partition()
    const former = await take(name, 'former')
    const { tx, rollback } = await openTransaction(database)
    await markInbox(tx, consumer, ['e'])
    await take(name, 'new')
    await expect(assertOwned(tx, consumer, [former])).rejects.toMatchObject(fenced(name))
    await rollback()
  })

  it('is named among partitions that it still has', async () => {
    const names = [partition(), partition(), partition()]
    const owned = await Promise.all(names.map((name) => take(name, 'former')))
    await take(names[1] ?? '', 'new')
    const asserted = database.transaction((tx) => assertOwned(tx, consumer, owned))
    await expect(asserted).rejects.toMatchObject(fenced(names[1] ?? ''))
  })

  it('is waited for when it has, and what it did is seen', async () => {
    const name = partition()
    const former = await take(name, 'former')
    const open = await openTransaction(database)
    await markInbox(open.tx, consumer, ['waited for'])
    await assertOwned(open.tx, consumer, [former])
    const taking = take(name, 'new')
    await untilWaiting(database, 1)
    await open.commit()
    await taking
    expect(await database.transaction((tx) => markInbox(tx, consumer, ['waited for']))).toEqual(new Set())
  })

  it('cannot keep a new owner waiting with ever more of them', async () => {
    const name = partition()
    const former = await take(name, 'former')
    const open = await openTransaction(database)
    await assertOwned(open.tx, consumer, [former])
    const taking = take(name, 'new')
    await untilWaiting(database, 1)
    const another = database.transaction((tx) => assertOwned(tx, consumer, [former]))
    await expect(another).rejects.toMatchObject(fenced(name))
    await open.commit()
    await taking
  })

  it('is refused by a statement that had begun before the new owner came', async () => {
    const [first, second] = [partition(), partition()].sort()
    const owned = [await take(first ?? '', 'former'), await take(second ?? '', 'former')]
    const blocking = await openTransaction(database)
    await blocking.tx.query('select 1 from onewrite.consumer_partitions where name = $1 for update', [first])
    const { tx, rollback } = await openTransaction(database)
    const asserted = assertOwned(tx, consumer, owned)
    const refused = expect(asserted).rejects.toMatchObject(fenced(second ?? ''))
    await untilWaiting(database, 1)
    await take(second ?? '', 'new')
    await blocking.rollback()
    await refused
    await rollback()
  })

  it.each(['repeatable read', 'serializable'] as const)(
    'is refused with an old snapshot: %s',
    async (isolation) => {
      const name = partition()
      const former = await take(name, 'former')
      const { tx, rollback } = await openTransaction(database, { isolation })
      await tx.query('select 1')
      await take(name, 'new')
      await expect(assertOwned(tx, consumer, [former])).rejects.toMatchObject({ code: '40001' })
      await rollback()
    },
  )
})

describe('progress', () => {
  it('is kept for the next owner and never goes back', async () => {
    const name = partition()
    const owned = await take(name, 'a')
    expect(owned.settled).toBeUndefined()
    await saveSettled(database, consumer, [{ ...owned, settled: 7n, end: 20n }])
    await saveSettled(database, consumer, [{ ...owned, settled: 5n }])
    expect((await take(name, 'b')).settled).toBe(7n)
  })

  it('is not moved by a former owner, while its other partitions are', async () => {
    const [lost, kept] = [partition(), partition()]
    const owned = [await take(lost, 'a'), await take(kept, 'a')]
    await take(lost, 'b')
    const saved = saveSettled(
      database,
      consumer,
      owned.map((one) => ({ ...one, settled: 9n })),
    )
    await expect(saved).rejects.toMatchObject(fenced(lost))
    expect((await take(lost, 'c')).settled).toBeUndefined()
    expect((await take(kept, 'c')).settled).toBe(9n)
  })

  it('waits for no transaction that has asserted, nor they for it', async () => {
    const name = partition()
    const owned = await take(name, 'a')
    const asserted = await openTransaction(database)
    await assertOwned(asserted.tx, consumer, [owned])
    await saveSettled(database, consumer, [{ ...owned, settled: 1n }])
    const saving = await openTransaction(database)
    await saveSettled(saving.tx, consumer, [{ ...owned, settled: 2n }])
    await database.transaction((tx) => assertOwned(tx, consumer, [owned]))
    await saving.commit()
    await asserted.commit()
    expect((await take(name, 'b')).settled).toBe(2n)
  })
})

it('many holders, owners and savers of the same partitions never wait in a circle', async () => {
  const names = Array.from({ length: 6 }, partition)
  const owned = new Map(await Promise.all(names.map(async (name) => [name, await take(name, 'a')] as const)))
  const ignoreFenced = (error: unknown): void => expect(error).toMatchObject({ code: 'FENCED' })
  const all = (turn: number): readonly Taken[] => {
    const rows = [...owned.values()]
    return turn % 2 === 0 ? rows : rows.reverse()
  }
  const assertAll = (turn: number) => database.transaction((tx) => assertOwned(tx, consumer, all(turn)))
  const saveAll = (turn: number) =>
    saveSettled(
      database,
      consumer,
      all(turn).map((one) => ({ ...one, settled: BigInt(turn) })),
    )
  const takeOne = async (turn: number) => {
    const name = names[turn % names.length] ?? ''
    owned.set(name, await take(name, `owner ${turn}`))
  }
  const kinds = [assertAll, saveAll, assertAll, takeOne]
  const worker = async (number: number): Promise<void> => {
    for (let turn = number; turn < 240; turn += 8) await kinds[turn % 4]?.(turn + number).catch(ignoreFenced)
  }
  await Promise.all(Array.from({ length: 8 }, (_, number) => worker(number)))
})
