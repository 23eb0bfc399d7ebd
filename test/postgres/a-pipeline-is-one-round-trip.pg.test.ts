import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase } from '../support/database.ts'
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts'

let proxy: TcpProxy
let database: Database
let direct: Database

beforeAll(async () => {
  const fresh = await freshDatabase()
  direct = fresh.database
  proxy = await tcpProxy(fresh.url)
  database = pgDatabase({ url: proxy.url, max: 1 })
  await direct.query('create table notes (id int primary key, text text)')
})

afterAll(async () => {
  await database.close()
  await proxy.close()
})

beforeEach(async () => {
  await direct.query('truncate notes')
  await database.query('select 1')
})

const stored = async (): Promise<number[]> =>
  (await direct.query<{ id: number }>('select id from notes order by id')).rows.map(({ id }) => id)

const insert = 'insert into notes (id) values ($1)'

it('sends BEGIN, all statements and COMMIT before the first answer', async () => {
  const before = proxy.roundTrips()
  const [first, second] = await database.pipeline((tx) => [
    tx.query(insert, [1]),
    tx.query<{ sum: number }>('select $1::int + 1 as sum', [41]),
  ])
  expect(proxy.roundTrips() - before).toBe(1)
  expect(first.rowCount).toBe(1)
  expect(second.rows).toEqual([{ sum: 42 }])
  expect(await stored()).toEqual([1])
})

it('is compared with a transaction of the same statements, which takes one per statement', async () => {
  const before = proxy.roundTrips()
  await database.transaction(async (tx) => {
    await tx.query(insert, [1])
    await tx.query('select 1')
  })
  expect(proxy.roundTrips() - before).toBe(4)
})

it('throws the error of the statement that failed, not what followed from it', async () => {
  const failing = database.pipeline((tx) => [
    tx.query('select 1'),
    tx.query(insert, [1]),
    tx.query(insert, [1]),
    tx.query(insert, [2]),
  ])
  await expect(failing).rejects.toMatchObject({ code: '23505' })
  expect(await stored()).toEqual([])
})

it('leaves the connection usable after a failure', async () => {
  await expect(database.pipeline((tx) => [tx.query('select 1/0')])).rejects.toMatchObject({ code: '22012' })
  await database.pipeline((tx) => [tx.query(insert, [3])])
  expect(await stored()).toEqual([3])
})

it('reports a deferred constraint that COMMIT itself refuses', async () => {
  await direct.query('create table strict (id int unique deferrable initially deferred)')
  const twice = database.pipeline((tx) => [tx.query('insert into strict values (1), (1)')])
  await expect(twice).rejects.toMatchObject({ code: '23505' })
})

it('commits nothing when a promise failed before its statement was sent', async () => {
  const refusedInput = async (): Promise<never> => {
    throw new Error('refused input')
  }
  const half = database.pipeline((tx) => [tx.query(insert, [1]), refusedInput()])
  await expect(half).rejects.toThrow('refused input')
  expect(await stored()).toEqual([])
})

it('commits nothing when the work throws after a statement was started', async () => {
  const half = database.pipeline((tx) => {
    tx.query(insert, [1]).catch(() => undefined)
    throw new Error('second thoughts')
  })
  await expect(half).rejects.toThrow('second thoughts')
  expect(await stored()).toEqual([])
})

it('waits with COMMIT for a promise that starts its statement late', async () => {
  await database.pipeline((tx) => [
    tx.query(insert, [1]),
    (async () => {
      const { rows } = await direct.query<{ id: number }>('select 7 as id')
      return tx.query(insert, [rows[0]?.id])
    })(),
  ])
  expect(await stored()).toEqual([1, 7])
})

it('says COMMIT_UNKNOWN when the connection breaks with everything in flight', async () => {
  proxy.cutAfter('COMMIT')
  const lost = database.pipeline((tx) => [tx.query(insert, [1])])
  await expect(lost).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
})

it('refuses a statement after the end', async () => {
  const kept = await database.pipeline((tx) => [Promise.resolve(tx), tx.query('select 1')])
  await expect(kept[0].query('select 1')).rejects.toMatchObject({ code: 'WRONG_HANDLE' })
})

it('works, in several round trips, on a pool that does not pipeline', async () => {
  const pool = new pg.Pool({ connectionString: proxy.url, max: 1 })
  const plain = pgDatabase({ pool })
  await plain.pipeline((tx) => [tx.query(insert, [1]), tx.query(insert, [2])])
  expect(await stored()).toEqual([1, 2])
  await plain.close()
  expect(pool.ended).toBe(false)
  await pool.end()
})
