import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { insideTransaction } from '../../src/postgres/database.ts'
import { pgTransaction } from '../../src/postgres/pg-transaction.ts'
import { freshDatabase } from '../support/database.ts'

let pool: pg.Pool

beforeAll(async () => {
  const { url } = await freshDatabase()
  pool = new pg.Pool({ connectionString: url })
  await pool.query('create table notes (id int)')
})

afterAll(() => pool.end())

const wrong = (given: RegExp) =>
  expect.objectContaining({ code: 'WRONG_HANDLE', message: expect.stringMatching(given) })

it('runs in the transaction that the application began, and ends with it', async () => {
  const client = await pool.connect()
  await client.query('begin')
  const tx = pgTransaction(client)
  await tx.query('insert into notes values ($1)', [1])
  expect(tx.schema).toBe('onewrite')
  expect(tx[insideTransaction]).toBe(true)
  await client.query('rollback')
  expect((await pool.query('select from notes')).rowCount).toBe(0)
  await expect(tx.query('insert into notes values (2)')).rejects.toEqual(wrong(/not inside a transaction/))
  expect((await pool.query('select from notes')).rowCount).toBe(0)
  client.release()
})

it('refuses a client that is not inside a transaction', async () => {
  const client = await pool.connect()
  expect(() => pgTransaction(client)).toThrow(wrong(/not inside a transaction/))
  client.release()
})

it.each<readonly [string, () => unknown]>([
  ['a pool', () => pool],
  ['a client that never connected', () => ({ connect: () => undefined })],
  ['nothing', () => undefined],
])('refuses %s that slipped past the types', (_, given) => {
  expect(() => Reflect.apply(pgTransaction, undefined, [given()])).toThrow(wrong(/pool|not a pg client/i))
})

it('passes the errors of an aborted transaction on', async () => {
  const client = await pool.connect()
  await client.query('begin')
  const tx = pgTransaction(client)
  await expect(tx.query('select 1/0')).rejects.toMatchObject({ code: '22012' })
  await expect(tx.query('select 1')).rejects.toMatchObject({ code: '25P02' })
  await client.query('rollback')
  client.release()
})
