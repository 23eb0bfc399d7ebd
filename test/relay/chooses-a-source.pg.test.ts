import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Logger } from '../../src/lifecycle/logger.ts'
import { embedded } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { grantRoles } from '../../src/postgres/roles.ts'
import { autoSource } from '../../src/relay/wal/auto-source.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'
import { encode, following, patience } from './following.ts'

interface Choice {
  readonly source: string
  readonly reason: string
}

const noting = () => {
  const choices: Choice[] = []
  const nothing = (): void => undefined
  const info = (fields: object): void => {
    if ('reason' in fields && 'source' in fields) {
      choices.push({ source: String(fields.source), reason: String(fields.reason) })
    }
  }
  const logger: Logger = { debug: nothing, info, warn: nothing, error: nothing }
  return { logger, choices }
}

/** The same database as a role that may do what a relay must. */
const asRelay = async (attributes: string) => {
  const fresh = await freshDatabase()
  const role = `chooser_${process.pid}_${new URL(fresh.url).pathname.slice(1)}`
  await fresh.database.query(`create role ${role} login ${attributes}`)
  await grantRoles(fresh.database, { relay: role })
  const url = new URL(fresh.url)
  url.username = role
  return { fresh, role, database: pgDatabase({ url: url.href }) }
}

it('the write-ahead log where everything allows it', async () => {
  const { database } = await freshDatabase()
  const { logger, choices } = noting()
  const relays = following(database, { logger })
  relays.start(autoSource({ database, encode }))
  await relays.streams()
  const written = await appendAll(database, [deposited('a')])
  await expect.poll(relays.ids, patience).toEqual(written)
  expect(choices).toMatchObject([{ source: 'wal' }])
  await relays.stopAll()
})

it('the table where the role may not replicate, and the log once it may', async () => {
  const { fresh, role, database } = await asRelay('')
  const { logger, choices } = noting()
  const relays = following(database, { logger }, fresh.database)
  const written = await appendAll(fresh.database, [deposited('a')])
  const moving = relays.start(autoSource({ database, encode }))
  await expect.poll(relays.ids, patience).toEqual(written)
  await moving.stop()
  await fresh.database.query(`alter role ${role} replication`)
  await fresh.database.query(`create publication onewrite_events for table onewrite.events
    with (publish = 'insert', publish_via_partition_root = true)`)
  written.push(...(await appendAll(fresh.database, [deposited('a')])))
  relays.start(autoSource({ database, encode }))
  await relays.streams()
  await expect.poll(relays.ids, patience).toEqual(written)
  expect(choices.map(({ source }) => source)).toEqual(['table', 'wal'])
  expect(choices[0]?.reason).toContain('REPLICATION')
  await relays.stopAll()
  await database.close()
})

it('a relay with the rights of its role alone reads the log and tells what is missing', async () => {
  const { fresh, database } = await asRelay('replication')
  const relays = following(database, {}, fresh.database)
  const moving = relays.start(relays.wal())
  await moving.settled
  expect(moving.health().reason).toContain('[PUBLICATION_MISSING]')
  const sql = /create publication .*?\)/.exec(moving.health().reason ?? '')?.[0] ?? ''
  await fresh.database.query(sql)
  await relays.streams()
  const written = await appendAll(fresh.database, [deposited('a')])
  await expect.poll(relays.ids, patience).toEqual(written)
  await relays.stopAll()
  await database.close()
})

it('the table where wal_level is too low; asked for the log, it says what to do', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'onewrite-wal-level-'))
  const server = embedded({ directory, settings: { wal_level: 'replica' } })
  const database = pgDatabase({ url: await server.start() })
  await migrate(database)
  const { logger, choices } = noting()
  const relays = following(database, { logger })
  const written = await appendAll(database, [deposited('a')])
  const asked = relays.start(relays.wal())
  await asked.settled
  expect(asked.health().reason).toContain('[WAL_LEVEL_TOO_LOW]')
  await asked.stop()
  relays.start(autoSource({ database, encode }))
  await expect.poll(relays.ids, patience).toEqual(written)
  expect(choices).toMatchObject([{ source: 'table', reason: expect.stringContaining('wal_level') }])
  await relays.stopAll()
  await database.close()
  await server.stop()
  await rm(directory, { recursive: true, force: true })
})
