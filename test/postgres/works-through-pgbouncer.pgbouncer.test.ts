import { afterAll, beforeAll, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import { newId } from '../../src/message/new-id.ts'
import { readCheckpoint, saveCheckpoint, takeCheckpoint } from '../../src/postgres/checkpoint.ts'
import type { Database } from '../../src/postgres/database.ts'
import { acquireLease, releaseLease, renewLease } from '../../src/postgres/lease.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { readMigrations } from '../../src/postgres/migration-files.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { assertSchema } from '../../src/postgres/schema-version.ts'
import { emptyDatabase, type TestDatabase } from '../support/database.ts'
import { type PgBouncer, startPgBouncer } from './pgbouncer.ts'

let empty: TestDatabase
let pooler: PgBouncer
let database: Database

beforeAll(async () => {
  empty = await emptyDatabase()
  pooler = await startPgBouncer(empty.url)
  database = pgDatabase({ url: pooler.url, max: 20 })
  const installers = Array.from({ length: 20 }, () => pgDatabase({ url: pooler.url, max: 1 }))
  const reports = await Promise.all(installers.map((installer) => migrate(installer)))
  expect(reports.flatMap(({ applied }) => applied)).toHaveLength((await readMigrations()).length)
  await Promise.all(installers.map((installer) => installer.close()))
})

afterAll(async () => {
  await database?.close()
  await pooler?.stop()
})

const made = (aggregateId: string): NewEvent => ({
  id: newId(),
  type: 'order.created',
  version: 1,
  aggregate: 'order',
  aggregateId,
  data: {},
  occurredAt: new Date(),
  metadata: {},
})

it('is in transaction mode: clients share three server connections', async () => {
  const pids = await Promise.all(
    Array.from({ length: 20 }, () => database.query<{ pid: number }>('select pg_backend_pid() as pid')),
  )
  expect(new Set(pids.map(({ rows }) => rows[0]?.pid)).size).toBeLessThanOrEqual(3)
})

it('installs once when 20 clients install at the same time', async () => {
  await assertSchema(database)
  expect(await migrate(database)).toMatchObject({ applied: [] })
})

it('appends in transactions and in pipelines from 20 clients at once', async () => {
  const appended = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      index % 2 === 0
        ? database.transaction((tx) => append(tx, [made(`order ${index}`)]))
        : database.pipeline((tx) => [append(tx, [made(`order ${index}`)])]),
    ),
  )
  expect(appended).toHaveLength(100)
  expect((await empty.database.query('select from onewrite.events')).rowCount).toBe(100)
})

it('keeps a failed pipeline to itself', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 40 }, (_, index) =>
      database.pipeline((tx) => [tx.query('select $1::int / $2::int as n', [index, index % 2])]),
    ),
  )
  expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
    Array.from({ length: 40 }, (_, index) => index % 2 === 1),
  )
})

it('keeps leases and checkpoints', async () => {
  const contenders = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      acquireLease(database, { name: 'race', owner: `rival ${index}`, ttl: 60_000 }),
    ),
  )
  const [lease, ...more] = contenders.filter((held) => held !== undefined)
  expect(more).toEqual([])
  if (lease === undefined) throw new Error('nobody got the lease')
  expect(await renewLease(database, lease, 60_000)).toMatchObject({ token: 1n })
  expect(await takeCheckpoint(database, { name: 'relay/a', token: lease.token })).toBe(0n)
  await saveCheckpoint(database, { name: 'relay/a', position: 7n, token: lease.token })
  expect(await readCheckpoint(database, 'relay/a')).toEqual({ position: 7n, token: 1n })
  expect(await releaseLease(database, lease)).toBe(true)
})

it('reads raw rows with several reads in flight', async () => {
  const raw = await database.rawConnection({ applicationName: 'reader' })
  const reads = Array.from({ length: 20 }, (_, index) => raw.read('select $1::int', [index]))
  expect((await Promise.all(reads)).flat(2)).toEqual([...reads.keys()].map(String))
  await raw.close()
})

it('leaves no prepared statement and no advisory lock behind', async () => {
  // pg_locks shows the whole server: other test files migrate their own databases beside this one.
  const { rows } = await empty.database.query(
    `select * from pg_locks where locktype = 'advisory'
       and database = (select oid from pg_database where datname = current_database())`,
  )
  expect(rows).toEqual([])
  const statements = await database.query('select name from pg_prepared_statements')
  expect(statements.rows).toEqual([])
})

it('names an unknown database of the pooler', async () => {
  const url = new URL(pooler.url)
  url.pathname = 'unknown'
  const stranger = pgDatabase({ url: url.href })
  await expect(stranger.query('select 1')).rejects.toMatchObject({ code: 'DATABASE_AUTHENTICATION' })
  await stranger.close()
})

it('says DATABASE_UNREACHABLE when the server behind the pooler is gone', async () => {
  const url = new URL(empty.url)
  url.port = '1'
  const stranded = await startPgBouncer(url.href, 1)
  const behind = pgDatabase({ url: stranded.url, connectTimeout: 5_000 })
  await expect(behind.query('select 1')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  await behind.close()
  await stranded.stop()
})
