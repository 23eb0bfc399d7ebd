import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { type Embedded, embedded } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { appendAll, deposited } from './events.ts'
import { following, patience } from './following.ts'

let directory: string
let server: Embedded
let database: Database

// One slot, one WAL sender, and hardly any write-ahead log to keep.
const settings = {
  wal_level: 'logical',
  max_replication_slots: '1',
  max_wal_senders: '1',
  max_slot_wal_keep_size: '1MB',
  max_wal_size: '32MB',
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onewrite-invalidated-'))
  server = embedded({ directory, settings })
  database = pgDatabase({ url: await server.start() })
  await migrate(database)
})

afterAll(async () => {
  await database.close()
  await server.stop()
  await rm(directory, { recursive: true, force: true })
})

it('a slot that PostgreSQL has given up is made anew, and what it did not deliver is filled in', async () => {
  const relays = following(database)
  const first = relays.start(relays.wal())
  await relays.streams()
  const written = await appendAll(database, [deposited('a'), deposited('a')])
  await expect.poll(relays.ids, patience).toEqual(written)
  await first.stop()
  await relays.rests()
  written.push(...(await appendAll(database, [deposited('a')])))
  await database.query('create table elsewhere (body text)')
  const fill = async (): Promise<string | undefined> => {
    await database.query(`insert into elsewhere select repeat('x', 1000) from generate_series(1, 20000)`)
    await database.query('select pg_switch_wal()')
    await database.query('checkpoint')
    return (await relays.slotState())?.walStatus
  }
  await expect.poll(fill, patience).toBe('lost')
  const second = relays.start(relays.wal())
  await second.settled
  expect(second.health().reason).toContain('was invalidated (wal_removed)')
  await expect.poll(relays.ids, patience).toEqual(written)
  await relays.streams()
  written.push(...(await appendAll(database, [deposited('a')])))
  await expect.poll(relays.ids, patience).toEqual(written)
  await relays.stopAll()
}, 60_000)

it('no slot, no WAL sender, and pg_hba.conf: each is named', async () => {
  const holder = await database.replicationConnection({ applicationName: 'holder' })
  const none = database.replicationConnection({ applicationName: 'second' })
  await expect(none).rejects.toMatchObject({ code: 'WAL_SENDERS_EXHAUSTED' })
  const taken = holder.createSlot('one_more')
  await expect(taken).rejects.toMatchObject({ code: 'SLOTS_EXHAUSTED' })
  await holder.close()
  const file = (await database.query<{ hba_file: string }>('show hba_file')).rows[0]?.hba_file ?? ''
  const before = await readFile(file, 'utf8')
  await database.query('create role refused login replication')
  await writeFile(file, `host all refused 127.0.0.1/32 reject\nlocal all refused reject\n${before}`)
  await database.query('select pg_reload_conf()')
  const url = new URL(server.url)
  url.username = 'refused'
  const refused = pgDatabase({ url: url.href })
  const connect = (): Promise<unknown> =>
    refused.replicationConnection({ applicationName: 'refused' }).then(
      async (connection) => connection.close(),
      (error: unknown) => error,
    )
  await expect.poll(connect, patience).toMatchObject({
    code: 'DATABASE_AUTHENTICATION',
    message: expect.stringContaining('pg_hba.conf'),
  })
  await refused.close()
})
