import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { migrate } from '../../src/postgres/migrate.ts'
import { readMigrations } from '../../src/postgres/migration-files.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { assertSchema } from '../../src/postgres/schema-version.ts'
import { emptyDatabase, type TestDatabase } from '../support/database.ts'

let empty: TestDatabase
let folder: string

beforeEach(async () => {
  empty = await emptyDatabase()
  folder = await mkdtemp(join(tmpdir(), 'onewrite-migrations-'))
})

afterEach(async () => {
  await empty.close()
  await rm(folder, { recursive: true })
})

const inFolder = (): URL => pathToFileURL(`${folder}/`)

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)

const appliedCount = async (schema: string): Promise<number> =>
  (await empty.database.query(`select from ${schema}.migrations`)).rowCount

it('installs once when 20 connections install at the same time, in each of two schemas', async () => {
  const known = await readMigrations()
  const databases = Array.from({ length: 40 }, (_, index) =>
    pgDatabase({ url: empty.url, schema: index % 2 === 0 ? 'onewrite' : 'other', max: 1 }),
  )
  const reports = await Promise.all(databases.map((database) => migrate(database)))
  await Promise.all(databases.map((database) => assertSchema(database)))
  await Promise.all(databases.map((database) => database.close()))
  const names = known.map(({ name }) => name)
  expect(reports.flatMap(({ applied }) => applied).sort()).toEqual([...names, ...names].sort())
  expect(await appliedCount('onewrite')).toBe(known.length)
  expect(await appliedCount('other')).toBe(known.length)
})

it('says what it did, and does nothing the second time', async () => {
  const known = (await readMigrations()).length
  expect(await migrate(empty.database)).toMatchObject({ from: 0, to: known })
  expect(await migrate(empty.database)).toEqual({ from: known, to: known, applied: [] })
})

it('keeps what was applied before a failing migration, and nothing of the failing one', async () => {
  await write('0001_first.sql', 'create table :schema.first (id int)')
  await write('0002_second.sql', 'create table :schema.second (id int); select 1/0')
  const failing = migrate(empty.database, { folder: inFolder() })
  await expect(failing).rejects.toMatchObject({ code: '22012' })
  expect(await appliedCount('onewrite')).toBe(1)
  await expect(empty.database.query('select from onewrite.second')).rejects.toThrow()
})

it('refuses a migration that was changed after it was applied', async () => {
  await write('0001_first.sql', 'create table :schema.first (id int)')
  await migrate(empty.database, { folder: inFolder() })
  await write('0001_first.sql', 'create table :schema.first (id bigint)')
  const changed = migrate(empty.database, { folder: inFolder() })
  await expect(changed).rejects.toMatchObject({ code: 'MIGRATION_CHANGED' })
})

it('does not mind line endings of another system', async () => {
  await write('0001_first.sql', 'create table :schema.first (\nid int)')
  await migrate(empty.database, { folder: inFolder() })
  await write('0001_first.sql', 'create table :schema.first (\r\nid int)')
  expect(await migrate(empty.database, { folder: inFolder() })).toMatchObject({ applied: [] })
})

it('refuses a gap in the numbers', async () => {
  await write('0001_first.sql', 'select 1')
  await write('0003_third.sql', 'select 1')
  await expect(migrate(empty.database, { folder: inFolder() })).rejects.toThrow('0003_third')
})

it('refuses a schema that a later version of the program installed', async () => {
  await migrate(empty.database)
  await empty.database.query("insert into onewrite.migrations values (999, '0999_future', 'x')")
  await expect(migrate(empty.database)).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' })
  await expect(assertSchema(empty.database)).rejects.toMatchObject({
    code: 'SCHEMA_TOO_NEW',
    parameters: { schema: 'onewrite', found: 999 },
  })
})

it('tells a schema that is too old from one that is missing', async () => {
  await expect(assertSchema(empty.database)).rejects.toMatchObject({ code: 'SCHEMA_MISSING' })
  await migrate(empty.database)
  await empty.database.query(
    'delete from onewrite.migrations where version = (select max(version) from onewrite.migrations)',
  )
  await expect(assertSchema(empty.database)).rejects.toMatchObject({ code: 'SCHEMA_TOO_OLD' })
})

it('installs into a schema that exists, with a role that may not create schemas', async () => {
  await empty.database.query("create role limited login password 'x'")
  await empty.database.query('create schema onewrite authorization limited')
  const url = new URL(empty.url)
  url.username = 'limited'
  url.password = 'x'
  const limited = pgDatabase({ url: url.href })
  try {
    await migrate(limited)
    await assertSchema(limited)
  } finally {
    await limited.close()
    await empty.database.query('drop owned by limited cascade; drop role limited')
  }
})
