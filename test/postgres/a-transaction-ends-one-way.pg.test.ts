import { afterEach, beforeEach, expect, it } from 'vitest'
import { armFailpoint } from '../../src/lifecycle/failpoint.ts'
import type { Database, Transaction } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts'

let fresh: TestDatabase
let proxy: TcpProxy
let database: Database

beforeEach(async () => {
  fresh = await freshDatabase()
  proxy = await tcpProxy(fresh.url)
  database = pgDatabase({ url: proxy.url, max: 1 })
  await fresh.database.query('create table notes (id int primary key)')
})

afterEach(async () => {
  await database.close()
  await proxy.close()
  await fresh.close()
})

const count = async (): Promise<number> => {
  const { rows } = await fresh.database.query<{ n: number }>('select count(*)::int as n from notes')
  return rows[0]?.n ?? -1
}

const insert = (tx: Transaction) => tx.query('insert into notes values (1)')

const backend = async (queryable: Database | Transaction): Promise<unknown> =>
  (await queryable.query('select pg_backend_pid() as pid')).rows[0]

it('commits and returns the value of the work', async () => {
  expect(await database.transaction(async (tx) => (await insert(tx)).rowCount)).toBe(1)
  expect(await count()).toBe(1)
})

it('rolls back and rethrows what the work throws', async () => {
  const own = new Error('own')
  const failed = database.transaction(async (tx) => {
    await insert(tx)
    throw own
  })
  await expect(failed).rejects.toBe(own)
  expect(await count()).toBe(0)
})

it('says COMMIT_REFUSED when the error of a statement was swallowed', async () => {
  const swallowed = database.transaction(async (tx) => {
    await insert(tx)
    await insert(tx).catch(() => undefined)
    return 'looks fine'
  })
  await expect(swallowed).rejects.toMatchObject({
    code: 'COMMIT_REFUSED',
    parameters: { command: 'ROLLBACK' },
  })
  expect(await count()).toBe(0)
})

it('says COMMIT_UNKNOWN when the reply to COMMIT is lost, although it committed', async () => {
  proxy.cutAfter('COMMIT')
  await expect(database.transaction(insert)).rejects.toMatchObject({
    code: 'COMMIT_UNKNOWN',
    retryable: true,
  })
  await expect.poll(count).toBe(1)
})

it('says COMMIT_UNKNOWN when COMMIT never arrived', async () => {
  proxy.cutBefore('COMMIT')
  await expect(database.transaction(insert)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
  expect(await count()).toBe(0)
})

it('says DATABASE_UNREACHABLE when the connection breaks before COMMIT, and opens a new one', async () => {
  proxy.cutBefore('insert into notes')
  await expect(database.transaction(insert)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  await database.transaction(insert)
  expect(await count()).toBe(1)
})

it.each(['cutBefore', 'garble'] as const)(
  'does not reuse a connection whose rollback failed: %s',
  async (fault) => {
    const before = await backend(database)
    proxy[fault]('ROLLBACK')
    const failed = database.transaction(async (tx) => {
      await insert(tx)
      throw new Error('own')
    })
    await expect(failed).rejects.toThrow('own')
    expect(await backend(database)).not.toEqual(before)
    expect(await count()).toBe(0)
  },
)

it('survives a backend that an administrator terminates in the middle', async () => {
  const terminated = database.transaction(async (tx) => {
    const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
    await fresh.database.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    return insert(tx)
  })
  await expect(terminated).rejects.toMatchObject({
    code: expect.stringMatching(/57P01|DATABASE_UNREACHABLE/),
  })
  await database.transaction(insert)
})

it('refuses a statement after the end', async () => {
  const kept = await database.transaction(async (tx) => tx)
  await expect(kept.query('select 1')).rejects.toMatchObject({ code: 'WRONG_HANDLE' })
})

it.each(['read committed', 'repeatable read', 'serializable'] as const)('runs at %s', async (isolation) => {
  const { rows } = await database.transaction((tx) => tx.query('show transaction_isolation'), { isolation })
  expect(rows).toEqual([{ transaction_isolation: isolation }])
})

it('passes the failpoints on both sides of COMMIT', async () => {
  armFailpoint('transaction.beforeCommit', 'throw')
  await expect(database.transaction(insert)).rejects.toThrow('transaction.beforeCommit')
  expect(await count()).toBe(0)
  armFailpoint('transaction.committed', 'throw')
  await expect(database.transaction(insert)).rejects.toThrow('transaction.committed')
  expect(await count()).toBe(1)
})

it('lets no statement follow the ROLLBACK and commit by itself', async () => {
  let late: Promise<unknown> = Promise.resolve()
  const failed = database.transaction(async (tx) => {
    // Work that was not waited for, as a handler is that runs beside one that fails.
    late = new Promise((resolve) => setImmediate(resolve)).then(() => insert(tx))
    late.catch(() => undefined)
    throw new Error('another part failed')
  })
  await expect(failed).rejects.toThrow('another part failed')
  await expect(late).rejects.toMatchObject({ code: 'WRONG_HANDLE' })
  expect(await count()).toBe(0)
})
