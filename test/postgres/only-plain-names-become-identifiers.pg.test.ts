import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { quoteIdentifier, quoteNameLiteral, validIdentifier } from '../../src/postgres/identifier.ts'
import { renderSql } from '../../src/postgres/migration-files.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase } from '../support/database.ts'

let database: Database

beforeAll(async () => {
  database = (await freshDatabase()).database
})

const names = fc.oneof(
  fc.string({ maxLength: 70 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.stringMatching(/^[a-z_][a-z0-9_]{0,70}$/),
  fc.constantFrom('order', 'user', 'select', 'a"b', "a'b", 'a\u0000b', 'Ä', '', 'a;b', '1a', 'a\n'),
)

const accepted = (name: string): boolean => {
  try {
    validIdentifier('name', name)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_IDENTIFIER' })
    return false
  }
}

it('refuses any string or has PostgreSQL read it back unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      if (!accepted(name)) return
      const { rows } = await database.query(
        `select ${quoteNameLiteral('name', name)} as ${quoteIdentifier('name', name)}`,
      )
      expect(rows).toEqual([{ [name]: name }])
    }),
    { numRuns: 300 },
  )
})

it('takes keywords and 63 characters, refuses 64', () => {
  expect(quoteIdentifier('schema', 'order')).toBe('"order"')
  expect(accepted('a'.repeat(63))).toBe(true)
  expect(accepted('a'.repeat(64))).toBe(false)
})

it('guards the name of the schema at the door', () => {
  expect(() => pgDatabase({ url: 'postgres://h/d', schema: 'Orders' })).toThrow(/schema "Orders"/)
})

it('puts the schema into migrations as a name and as a literal, and leaves casts alone', () => {
  const text = "create table :schema.t (); select :'schema', 'x'::schema, ':schema.s'"
  expect(renderSql(text, 'mine')).toBe(`create table "mine".t (); select 'mine', 'x'::schema, '"mine".s'`)
})
