import pg from 'pg'
import { afterAll, inject } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'

export interface TestDatabase {
  /** For clients of the test's own; superuser, no password. */
  readonly url: string
  readonly database: Database
  /** Closes the pool and drops the database; done after the file where a test does not. */
  close(): Promise<void>
}

let made = 0
const open = new Set<TestDatabase>()

const server = (): { readonly admin: string; readonly template: string } => {
  const provided = inject('postgresServer')
  if (provided !== undefined) return provided
  throw new Error('a test that uses PostgreSQL is named *.pg.test.ts or *.kafka.test.ts')
}

const asAdmin = async (sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: server().admin })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

const urlOf = (name: string): string => {
  const url = new URL(server().admin)
  url.pathname = name
  return url.href
}

/** A database of its own for this test, with onewrite's schema already migrated. */
export const freshDatabase = async (): Promise<TestDatabase> => {
  const name = `test_${process.pid}_${++made}`
  await asAdmin(`create database ${name} template ${server().template}`)
  const database = pgDatabase({ url: urlOf(name) })
  const fresh: TestDatabase = {
    url: urlOf(name),
    database,
    close: async () => {
      if (!open.delete(fresh)) return
      await database.close()
      await asAdmin(`drop database if exists ${name} with (force)`)
    },
  }
  open.add(fresh)
  return fresh
}

/** The same without onewrite's schema, for tests of the installation itself. */
export const emptyDatabase = async (): Promise<TestDatabase> => {
  const fresh = await freshDatabase()
  await fresh.database.query('drop schema onewrite cascade')
  return fresh
}

afterAll(async () => {
  await Promise.all([...open].map((database) => database.close()))
})
