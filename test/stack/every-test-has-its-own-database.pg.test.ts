import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

const tablesSql = `select count(*)::int as tables from pg_tables where schemaname = 'onewrite'`

test('a fresh database is migrated', async () => {
  const { database } = await freshDatabase()
  const { rows } = await database.query<{ tables: number }>(tablesSql)
  expect(rows[0]?.tables).toBeGreaterThan(0)
})

test('what one test writes, another does not see', async () => {
  const [one, other] = await Promise.all([freshDatabase(), freshDatabase()])
  await one.database.query('create table only_here (id integer)')
  const { rows } = await other.database.query(`select to_regclass('only_here') as found`)
  expect(rows).toEqual([{ found: null }])
})

test('a closed database is gone', async () => {
  const [one, other] = await Promise.all([freshDatabase(), freshDatabase()])
  await one.close()
  const name = new URL(one.url).pathname.slice(1)
  const { rowCount } = await other.database.query('select 1 from pg_database where datname = $1', [name])
  expect(rowCount).toBe(0)
})
