import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { pgTransaction } from '../../src/postgres/pg-transaction.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'
import {
  everything,
  judge,
  libraryReader,
  positionReader,
  type Reader,
  transactionReader,
} from './readers.ts'

/** A writer whose statements a test orders one by one. */
interface HeldWriter {
  begin(): Promise<void>
  append(...orders: readonly string[]): Promise<bigint>
  run(sql: string): Promise<void>
}

let fresh: TestDatabase
let closing: (() => Promise<void>)[]

beforeEach(async () => {
  fresh = await freshDatabase()
  closing = []
})

afterEach(async () => {
  for (const close of closing) await close()
  await fresh.close()
})

const writer = async (): Promise<HeldWriter> => {
  const client = new pg.Client({ connectionString: fresh.url })
  await client.connect()
  closing.push(() => client.end())
  return {
    begin: async () => {
      await client.query('begin')
    },
    append: async (...orders) => (await append(pgTransaction(client), placed(...orders))).position,
    run: async (sql) => {
      await client.query(sql)
    },
  }
}

const opened = async (reader: Promise<Reader>): Promise<Reader> => {
  const made = await reader
  closing.push(() => made.close())
  return made
}

/** Positions found in so many looks; by default enough to come to the horizon and over it. */
const look = async (reader: Reader, times = 4): Promise<readonly bigint[]> => {
  const found: bigint[] = []
  for (let n = 0; n < times; n += 1) found.push(...(await reader.look()).map(({ position }) => position))
  return found
}

const recorded = async (): Promise<readonly bigint[]> =>
  (await everything(fresh.database)).map(({ position }) => position)

describe('a writer that drew its position first and commits last', () => {
  it('is waited for: its rows come before those of the one that overtook it', async () => {
    const [a, b] = [await writer(), await writer()]
    const reader = await opened(libraryReader(fresh.database))
    expect(await look(reader)).toEqual([])
    await a.begin()
    await b.begin()
    const first = await a.append('order-a')
    const second = await b.append('order-b')
    await b.run('commit')
    expect(await look(reader)).toEqual([])
    await a.run('commit')
    expect(await look(reader)).toEqual([first, second])
  })

  it('is lost to a reader by position', async () => {
    const [a, b] = [await writer(), await writer()]
    const reader = await opened(positionReader(fresh.database))
    await a.begin()
    const first = await a.append('order-a')
    await b.begin()
    const second = await b.append('order-b')
    await b.run('commit')
    expect(await look(reader)).toEqual([second])
    await a.run('commit')
    expect(await look(reader)).toEqual([])
    expect(await recorded()).toEqual([first, second])
  })

  it('does not keep back what was drawn before it began', async () => {
    const [a, b] = [await writer(), await writer()]
    const reader = await opened(libraryReader(fresh.database))
    await b.begin()
    const before = await b.append('order-b')
    await b.run('commit')
    expect(await look(reader)).toEqual([before])
    await a.begin()
    const first = await a.append('order-a')
    await b.begin()
    await b.append('order-b')
    await b.run('commit')
    expect(await look(reader)).toEqual([])
    await a.run('rollback')
    expect(await look(reader)).toEqual([first + 1n])
  })
})

describe('a writer that has its transaction id early and writes late', () => {
  const overtake = async (): Promise<void> => {
    const [a, b] = [await writer(), await writer()]
    await a.begin()
    await a.run('select pg_current_xact_id()')
    await b.begin()
    await b.append('order-1')
    await b.run('commit')
    await a.append('order-1')
    await a.run('commit')
  }

  it('is read in the order of its aggregate', async () => {
    await overtake()
    const reader = await opened(libraryReader(fresh.database))
    const seen = [...(await reader.look()), ...(await reader.look())]
    expect(seen.map(({ sequence }) => sequence)).toEqual([1, 2])
    expect(judge(await everything(fresh.database), seen)).toEqual({ lost: 0, surplus: 0, reordered: 0 })
  })

  it('is read in the wrong order by a reader by transaction id', async () => {
    await overtake()
    const reader = await opened(transactionReader(fresh.database))
    const seen: number[] = []
    const look = async () => {
      seen.push(...(await reader.look()).map(({ sequence }) => sequence))
      return seen
    }
    // It waits for open transactions of the whole server: other files have some, too.
    await expect.poll(look).toEqual([2, 1])
  })
})

describe('a reader that starts while writers are open', () => {
  it('waits for them, whatever was committed in between', async () => {
    const [a, b] = [await writer(), await writer()]
    await a.begin()
    const first = await a.append('order-a')
    await b.begin()
    const second = await b.append('order-b')
    await b.run('commit')
    const reader = await opened(libraryReader(fresh.database))
    expect(await look(reader)).toEqual([])
    await b.begin()
    const third = await b.append('order-b')
    await b.run('commit')
    expect(await look(reader)).toEqual([])
    await a.run('commit')
    expect(await look(reader)).toEqual([first, second, third])
  })

  it('loses nothing when it reconnects at every look', async () => {
    const [a, b] = [await writer(), await writer()]
    const reader = await opened(libraryReader(fresh.database, 1))
    await a.begin()
    const first = await a.append('order-a')
    await b.begin()
    const second = await b.append('order-b')
    await b.run('commit')
    expect(await look(reader, 6)).toEqual([])
    await a.run('commit')
    expect(await look(reader)).toEqual([first, second])
  })
})

describe('a transaction that is prepared between two looks', () => {
  it('is waited for until it is decided, also by a reader that starts then', async () => {
    const [a, b] = [await writer(), await writer()]
    const reader = await opened(libraryReader(fresh.database))
    await a.begin()
    const first = await a.append('order-a')
    expect(await look(reader)).toEqual([])
    await a.run("prepare transaction 'held'")
    await b.begin()
    const second = await b.append('order-b')
    await b.run('commit')
    expect(await look(reader)).toEqual([])
    const late = await opened(libraryReader(fresh.database))
    expect(await look(late)).toEqual([])
    await b.run("commit prepared 'held'")
    expect(await look(reader)).toEqual([first, second])
    expect(await look(late)).toEqual([first, second])
  })

  it('is waited for when it was never seen before', async () => {
    const [a, b] = [await writer(), await writer()]
    const reader = await opened(libraryReader(fresh.database))
    expect(await look(reader)).toEqual([])
    await a.begin()
    await a.append('order-a')
    await a.run("prepare transaction 'unseen'")
    await b.begin()
    const second = await b.append('order-b')
    await b.run('commit')
    expect(await look(reader)).toEqual([])
    await b.run("rollback prepared 'unseen'")
    expect(await look(reader)).toEqual([second])
  })
})

describe('a savepoint that is rolled back', () => {
  it('gives up the lock and its positions; what the transaction appends later is not lost', async () => {
    const [a, b] = [await writer(), await writer()]
    const reader = await opened(libraryReader(fresh.database))
    await a.begin()
    await a.run('savepoint tried')
    const dead = await a.append('order-a')
    await a.run('rollback to savepoint tried')
    await b.begin()
    const second = await b.append('order-b')
    await b.run('commit')
    expect(await look(reader)).toEqual([second])
    const third = await a.append('order-a')
    await b.begin()
    const fourth = await b.append('order-b')
    await b.run('commit')
    expect(await look(reader)).toEqual([])
    await a.run('commit')
    expect(await look(reader)).toEqual([third, fourth])
    expect(dead).toBe(second - 1n)
  })
})
