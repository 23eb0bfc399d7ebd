import { afterAll, beforeAll, expect, it } from 'vitest'
import { doctor } from '../../src/admin/doctor.ts'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { type PgBouncer, startPgBouncer } from '../postgres/pgbouncer.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let fresh: TestDatabase
let pooler: PgBouncer
let pooled: Database

beforeAll(async () => {
  fresh = await freshDatabase()
  pooler = await startPgBouncer(fresh.url)
  pooled = pgDatabase({ url: pooler.url, max: 4 })
})

afterAll(async () => {
  await pooled.close()
  await pooler.stop()
})

const poolerFinding = async (database: Database) =>
  (await doctor({ database })).checks.find(({ name }) => name === 'postgres.pooler')

it('tells a pooler in transaction mode from a server, and who cannot work through it', async () => {
  expect(await poolerFinding(fresh.database)).toMatchObject({
    status: 'ok',
    message: 'connections reach a server process of their own',
  })
  expect(await poolerFinding(pooled)).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('a pooler in transaction mode'),
  })
  await fresh.database.query(
    `insert into onewrite.relays (name, source, delivery, slot, owner)
     values ('orders', 'wal', 'exactly-once', 'any_slot', 'me')`,
  )
  expect(await poolerFinding(pooled)).toMatchObject({
    status: 'warning',
    fix: expect.stringContaining('URL'),
  })
})
