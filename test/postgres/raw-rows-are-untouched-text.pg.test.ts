import { beforeAll, expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'

let database: Database

beforeAll(async () => {
  database = (await freshDatabase()).database
})

it('gives every value as the text PostgreSQL printed', async () => {
  const raw = await database.rawConnection({ applicationName: 'reader' })
  const text = '{"n": 1.0, "total": 12345678901234567890.10}'
  const rows = await raw.read('select $1::jsonb, 9007199254740993::bigint, true, null, $2::timestamptz', [
    text,
    '2026-11-21T10:00:00.123456Z',
  ])
  expect(rows).toEqual([[text, '9007199254740993', 't', null, expect.stringContaining('.123456')]])
  await raw.close()
})

it('has several reads in flight and answers each', async () => {
  const raw = await database.rawConnection({ applicationName: 'reader' })
  const reads = Array.from({ length: 20 }, (_, index) => raw.read('select $1::int, pg_sleep(0.001)', [index]))
  expect((await Promise.all(reads)).map((rows) => rows[0]?.[0])).toEqual([...reads.keys()].map(String))
  await raw.close()
})

it('goes on after a failed read', async () => {
  const raw = await database.rawConnection({ applicationName: 'reader' })
  await expect(raw.read('select 1/0')).rejects.toMatchObject({ code: '22012' })
  expect(await raw.read('select 1')).toEqual([['1']])
  await raw.close()
})

it('shows its own application name and knows when it is gone', async () => {
  const raw = await database.rawConnection({ applicationName: 'reader of this test' })
  expect(raw.closed).toBe(false)
  const { rowCount } = await database.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
    ['reader of this test'],
  )
  expect(rowCount).toBe(1)
  await expect.poll(() => raw.closed).toBe(true)
  await expect(raw.read('select 1')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  await expect(raw.close()).resolves.toBeUndefined()
})
