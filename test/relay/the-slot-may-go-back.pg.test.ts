import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import type { Database } from '../../src/postgres/database.ts'
import { type Embedded, embedded } from '../../src/postgres/embedded.ts'
import { parseLsn } from '../../src/postgres/lsn.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { appendAll, deposited } from './events.ts'
import { following, patience } from './following.ts'

let directory: string
let server: Embedded
let database: Database

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onewrite-slot-'))
  server = embedded({ directory, settings: { wal_level: 'logical', checkpoint_timeout: '1h' } })
  database = pgDatabase({ url: await server.start() })
  await migrate(database)
})

afterAll(async () => {
  await database.close()
  await server.stop()
  await rm(directory, { recursive: true, force: true })
})

it('after a crash of PostgreSQL the slot stands further back than the checkpoint, and nothing is repeated', async () => {
  const relays = following(database, { name: 'crashing', leaseTtl: 60_000 })
  const slot = relays.wal().slotOf?.('crashing') ?? ''
  relays.start(relays.wal())
  const written: string[] = []
  for (let round = 0; round < 10; round += 1) {
    written.push(...(await appendAll(database, [deposited('a'), deposited('a')])))
    await expect.poll(relays.ids, patience).toEqual(written)
  }
  const confirmed = async (): Promise<bigint> => {
    const sql = 'select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1'
    return parseLsn((await database.query<{ lsn: string }>(sql, [slot])).rows[0]?.lsn ?? '0/0')
  }
  await relays.stopAll()
  const before = await confirmed()
  await server.kill()
  await server.start()
  await expect.poll(() => confirmed().catch(() => before), patience).toBeLessThan(before)
  relays.start(relays.wal())
  written.push(...(await appendAll(database, [deposited('a')])))
  await expect.poll(relays.ids, { timeout: 20_000 }).toEqual(written)
  expect(relays.marks().filter((mark) => mark !== undefined)).toEqual([])
  await relays.stopAll()
}, 60_000)

it('an event that waits for a replica, unseen by other sessions, is published from the log alone', async () => {
  const relays = following(database, { name: 'early' })
  relays.start(relays.wal())
  const before = await appendAll(database, [deposited('a')])
  await expect.poll(() => relays.ids().slice(-1), patience).toEqual(before)
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => undefined)
  await client.connect()
  await database.query(`alter system set synchronous_standby_names = 'nobody'`)
  await database.query('select pg_reload_conf()')
  await expect
    .poll(async () => (await client.query('show synchronous_standby_names')).rows[0], patience)
    .toEqual({ synchronous_standby_names: 'nobody' })
  const waiting = pgDatabase({ url: server.url, max: 1 })
  const event = deposited('a')
  const committing = waiting.transaction((tx) => append(tx, [event])).catch(() => undefined)
  // The session that looks does not wait for a replica itself: it writes nothing.
  await expect.poll(() => relays.ids().at(-1), patience).toBe(event.id)
  const seen = await client.query('select from onewrite.events where id = $1', [event.id])
  expect(seen.rowCount).toBe(0)
  await client.query('alter system reset synchronous_standby_names')
  await client.query('select pg_reload_conf()')
  await committing
  await Promise.all([client.end(), waiting.close()])
  await relays.stopAll()
}, 60_000)

it('a server that is shut down does not wait for the reader', async () => {
  const relays = following(database, { name: 'stopping' })
  const moving = relays.start(relays.wal())
  const written = await appendAll(database, [deposited('a')])
  await expect.poll(() => relays.ids().slice(-1), patience).toEqual(written)
  await server.stop()
  await expect.poll(() => moving.health().state, patience).toBe('degraded')
  await server.start()
  await expect.poll(() => moving.health().state, patience).toBe('up')
  await relays.stopAll()
}, 60_000)
