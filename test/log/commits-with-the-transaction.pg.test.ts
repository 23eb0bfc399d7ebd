import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Appended, append } from '../../src/log/append.ts'
import { lastPosition } from '../../src/log/last-position.ts'
import { streamVersion } from '../../src/log/read-stream.ts'
import { newId } from '../../src/message/new-id.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import type { Database, Transaction } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'
import { readRaw } from '../support/read-raw.ts'

let database: Database
let start: bigint

beforeAll(async () => {
  database = (await freshDatabase()).database
  await database.query('create table orders (id text primary key)')
})

beforeEach(async () => {
  await database.query('truncate orders')
  start = await lastPosition(database)
})

const recorded = (): Promise<readonly RawEvent[]> => readRaw(database, start)
const numbers = (events: readonly RawEvent[]) => events.map(({ ordinal, count }) => [ordinal, count])
const orders = async () => (await database.query('select id from orders order by id')).rows
const version = (aggregateId: string) => streamVersion(database, { aggregate: 'order', aggregateId })

const place = async (tx: Transaction, id: string): Promise<Appended> => {
  await tx.query('insert into orders values ($1)', [id])
  return append(tx, placed(id))
}

describe('a rollback', () => {
  it('leaves no row, no event, no version', async () => {
    const id = newId()
    const undone = database.transaction(async (tx) => {
      await place(tx, id)
      throw new Error('the business said no')
    })
    await expect(undone).rejects.toThrow('the business said no')
    expect([await orders(), await recorded(), await version(id)]).toEqual([[], [], 0])
  })

  it('follows from a row that is refused after the append', async () => {
    const id = newId()
    const undone = database.transaction(async (tx) => {
      await place(tx, id)
      await tx.query('insert into orders values ($1)', [id])
    })
    await expect(undone).rejects.toMatchObject({ code: '23505' })
    expect([await orders(), await recorded(), await version(id)]).toEqual([[], [], 0])
  })

  it('to a savepoint leaves what was before it and what comes after, numbered without a gap', async () => {
    const [kept, dropped] = [newId(), newId()]
    await database.transaction(async (tx) => {
      await place(tx, kept)
      await tx.query('savepoint tried')
      await place(tx, dropped)
      await append(tx, placed(kept, kept))
      await tx.query('rollback to savepoint tried')
      expect((await append(tx, placed(kept, kept))).sequences).toEqual([2, 3])
    })
    const events = await recorded()
    expect(events.map(({ aggregateId, sequence }) => [aggregateId, sequence])).toEqual([
      [kept, '1'],
      [kept, '2'],
      [kept, '3'],
    ])
    expect(numbers(events)).toEqual([
      [0, 1],
      [1, 3],
      [2, 3],
    ])
    expect([await orders(), await version(kept), await version(dropped)]).toEqual([[{ id: kept }], 3, 0])
  })

  it('to a savepoint before the first append starts the numbers anew', async () => {
    const id = newId()
    await database.transaction(async (tx) => {
      await tx.query('savepoint tried')
      await append(tx, placed(id, id, id))
      await tx.query('rollback to savepoint tried')
      await append(tx, placed(id))
    })
    expect(numbers(await recorded())).toEqual([[0, 1]])
  })
})

describe('ordinal and count', () => {
  it('run on over the appends of a transaction, and start anew in the next one of the connection', async () => {
    const id = newId()
    const work = async (tx: Transaction) => {
      const first = await append(tx, placed(id, id))
      const second = await append(tx, placed(id, id, id))
      expect(second.transactionId).toBe(first.transactionId)
    }
    await database.transaction(work)
    await database.transaction(work)
    const one = [
      [0, 2],
      [1, 2],
      [2, 5],
      [3, 5],
      [4, 5],
    ]
    expect(numbers(await recorded())).toEqual([...one, ...one])
  })

  it('run on in one round trip too', async () => {
    const id = newId()
    await database.pipeline((tx) => [append(tx, placed(id)), append(tx, placed(id, id))])
    expect(numbers(await recorded())).toEqual([
      [0, 1],
      [1, 3],
      [2, 3],
    ])
  })
})

describe('an append', () => {
  it('of 10,000 events of 300 streams is numbered without gaps, in the order given', async () => {
    const ids = Array.from({ length: 300 }, () => newId())
    const given = Array.from({ length: 10_000 }, (_, index) => ids[(index * 7) % 300] ?? '')
    const { position, sequences } = await database.transaction((tx) => append(tx, placed(...given)))
    const events = await recorded()
    expect(events.map(({ aggregateId }) => aggregateId)).toEqual(given)
    expect(events.map(({ ordinal }) => ordinal)).toEqual(given.map((_, index) => index))
    expect(new Set(events.map(({ count }) => count))).toEqual(new Set([10_000]))
    expect(events.map(({ sequence }) => Number(sequence))).toEqual(sequences)
    expect(events.at(-1)?.position).toBe(String(position))
    expect(Number(position - start)).toBeGreaterThanOrEqual(10_000)
  })

  it('whatever streams it mixes: events stand as given, each stream is numbered from its version', async () => {
    const plans = fc.array(fc.array(fc.nat(4), { minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const ids = Array.from({ length: 5 }, () => newId())
        const appends = plan.map((streams) => streams.map((stream) => ids[stream] ?? ''))
        const before = await lastPosition(database)
        const answers = await database.transaction(async (tx) => {
          const made: Appended[] = []
          for (const given of appends) made.push(await append(tx, placed(...given)))
          return made
        })
        const events = await readRaw(database, before)
        expect(events.map(({ aggregateId }) => aggregateId)).toEqual(appends.flat())
        expect(events.map(({ sequence }) => Number(sequence))).toEqual(
          answers.flatMap((one) => one.sequences),
        )
        expect(events.map(({ ordinal }) => ordinal)).toEqual(appends.flat().map((_, index) => index))
        for (const id of ids) {
          const own = events.filter(({ aggregateId }) => aggregateId === id)
          expect(own.map(({ sequence }) => Number(sequence))).toEqual(own.map((_, index) => index + 1))
          expect(await version(id)).toBe(own.length)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('of nothing is refused, as is a handle that is no transaction', async () => {
    await expect(database.transaction((tx) => append(tx, []))).rejects.toMatchObject({ code: 'EMPTY_APPEND' })
    // @ts-expect-error A pool would commit the event by itself.
    await expect(append(database, placed('order-1'))).rejects.toMatchObject({ code: 'WRONG_HANDLE' })
    expect(await recorded()).toEqual([])
  })
})
