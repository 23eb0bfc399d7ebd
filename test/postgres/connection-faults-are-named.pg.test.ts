import { createServer } from 'node:net'
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { type PgDatabaseOptions, pgDatabase } from '../../src/postgres/index.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { emptyDatabase, freshDatabase } from '../support/database.ts'

const canary = 'canary-7f3a'

const failureOf = async (database: Database, run = () => database.query('select 1')): Promise<unknown> => {
  try {
    await run()
    return undefined
  } catch (error) {
    return error
  } finally {
    await database.close()
  }
}

const everything = (value: unknown): string =>
  `${inspect(value, { depth: 9, getters: true })}${value instanceof Error ? `${value.stack} ${value.message}` : ''}`

it('says DATABASE_UNREACHABLE for a closed port, to the pool, to a reader and to migrate', async () => {
  const database = pgDatabase({ url: `postgres://user:${canary}@127.0.0.1:1/shop` })
  expect(database.address).toBe('127.0.0.1:1/shop')
  const unreachable = { code: 'DATABASE_UNREACHABLE', parameters: { address: '127.0.0.1:1/shop' } }
  await expect(database.rawConnection({ applicationName: 'reader' })).rejects.toMatchObject(unreachable)
  await expect(migrate(database)).rejects.toMatchObject(unreachable)
  await expect(database.transaction(async () => 1)).rejects.toMatchObject(unreachable)
  const failure = await failureOf(database)
  expect(failure).toMatchObject(unreachable)
  expect(everything(failure)).not.toContain(canary)
  expect(everything(database)).not.toContain(canary)
})

it('gives up on a server that accepts and never answers', async () => {
  const silent = createServer(() => undefined)
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const database = pgDatabase({ url: `postgres://u:${canary}@127.0.0.1:${port}/x`, connectTimeout: 200 })
  const raw = database.rawConnection({ applicationName: 'reader' })
  await expect(raw).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  expect(await failureOf(database)).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  silent.close()
})

const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + body.length)
  return Buffer.concat([Buffer.from(type), length, body])
}

/** It lets the client in, and then has to go: both in one chunk. */
const dyingServer = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('Z', Buffer.from('I')),
  message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0')),
])

it('outlives a server that dies in the moment in which it lets a connection in', async () => {
  const dying = createServer((socket) => socket.once('data', () => socket.end(dyingServer)))
  await new Promise<void>((resolve) => dying.listen(0, '127.0.0.1', resolve))
  const address = dying.address()
  const port = typeof address === 'object' ? address?.port : 0
  const url = `postgres://user@127.0.0.1:${port}/x`
  expect(await failureOf(pgDatabase({ url }))).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  dying.close()
})

it('gives up waiting for a connection when all are taken', async () => {
  const { url } = await freshDatabase()
  const database = pgDatabase({ url, max: 1, connectTimeout: 100 })
  const waited = await database.transaction(() => database.query('select 1').catch((error: unknown) => error))
  expect(waited).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  await database.close()
})

it('says DATABASE_UNREACHABLE for a host that does not exist', async () => {
  const failure = await failureOf(pgDatabase({ url: `postgres://u:${canary}@no-such-host.invalid/x` }))
  expect(failure).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  expect(everything(failure)).not.toContain(canary)
})

it('says DATABASE_AUTHENTICATION for an unknown role, an unknown database and a wrong password', async () => {
  const { url, database } = await freshDatabase()
  const role = new URL(url)
  role.username = 'nobody_of_this_name'
  role.password = canary
  const failure = await failureOf(pgDatabase({ url: role.href }))
  expect(failure).toMatchObject({ code: 'DATABASE_AUTHENTICATION', cause: { code: '28000' } })
  expect(everything(failure)).not.toContain(canary)
  const missing = new URL(url)
  missing.pathname = 'no_such_database'
  expect(await failureOf(pgDatabase({ url: missing.href }))).toMatchObject({ cause: { code: '3D000' } })
  expect((await database.query('select 1')).rowCount).toBe(1)
})

it('says SCHEMA_MISSING for what our schema lacks, and leaves what others lack alone', async () => {
  const { database, url } = await emptyDatabase()
  const missing = { code: 'SCHEMA_MISSING', parameters: { schema: 'onewrite' } }
  await expect(database.query('select from onewrite.events')).rejects.toMatchObject(missing)
  await expect(database.query("select onewrite.append('[]', '[]')")).rejects.toMatchObject(missing)
  await expect(database.query('select from orders')).rejects.toMatchObject({ code: '42P01' })
  await expect(database.query('select from my_onewrite.orders')).rejects.toMatchObject({ code: '42P01' })
  const other = pgDatabase({ url, schema: 'elsewhere' })
  expect(await failureOf(other, () => other.query('select from elsewhere.events'))).toMatchObject({
    code: 'SCHEMA_MISSING',
    parameters: { schema: 'elsewhere' },
  })
})

it('passes other errors of the server on as they came', async () => {
  const { database } = await freshDatabase()
  await expect(database.query('select 1/0')).rejects.toMatchObject({ code: '22012', severity: 'ERROR' })
})

it.each<readonly [string, PgDatabaseOptions, RegExp]>([
  ['nothing', {}, /one of url, connection and pool/],
  ['two ways at once', { url: 'postgres://h/d', connection: {} }, /url and connection exclude/],
  ['another product', { url: 'mysql://h/d' }, /postgres:\/\//],
  ['an unreadable URL', { url: `postgres://u:${canary}@h:port/d` }, /cannot be read/],
  ['an unencoded password', { url: `postgres://u:1/${canary}@h/d` }, /percent-encode/],
  ['numbers out of range', { url: 'postgres://h/d', max: 0, connectTimeout: -1 }, /max .*connectTimeout/],
])('refuses %s', (_, options, message) => {
  const open = (): unknown => pgDatabase(options)
  expect(open).toThrow(message)
  try {
    open()
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' })
    expect(everything(error)).not.toContain(canary)
  }
})

it('suggests the option that was meant', () => {
  const options = { url: 'postgres://h/d', shema: 'x', conectTimeout: 1 }
  expect(() => pgDatabase(options)).toThrow(/did you mean schema.*did you mean connectTimeout/)
})

it('closes twice without complaint, and leaves a pool of the application open', async () => {
  const { url } = await freshDatabase()
  const database = pgDatabase({ url })
  await database.query('select 1')
  await database.close()
  await expect(database.close()).resolves.toBeUndefined()
})
