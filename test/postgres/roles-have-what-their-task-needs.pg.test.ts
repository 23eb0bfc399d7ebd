import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { type LogSubscribingOptions, logSubscribing } from '../../src/log/subscribe.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import { newId } from '../../src/message/new-id.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { topics } from '../../src/message/topic.ts'
import { saveCheckpoint } from '../../src/postgres/checkpoint.ts'
import type { Database } from '../../src/postgres/database.ts'
import { acquireLease } from '../../src/postgres/lease.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { grantRoles } from '../../src/postgres/roles.ts'
import { assertSchema } from '../../src/postgres/schema-version.ts'
import { readPartitions } from '../../src/testing/partition-reader.ts'
import { freshDatabase } from '../support/database.ts'

// Roles belong to the whole server, which other test files share.
const names = {
  writer: `writer_${process.pid}`,
  relay: `relay_${process.pid}`,
  migrator: `migrator_${process.pid}`,
}

let owner: Database
let writer: Database
let relay: Database
let migrator: Database

beforeAll(async () => {
  const fresh = await freshDatabase()
  owner = fresh.database
  for (const name of Object.values(names)) await owner.query(`create role ${name} login`)
  await grantRoles(owner, names)
  const as = (name: string): Database => {
    const url = new URL(fresh.url)
    url.username = name
    return pgDatabase({ url: url.href, max: 2 })
  }
  writer = as(names.writer)
  relay = as(names.relay)
  migrator = as(names.migrator)
})

afterAll(async () => {
  await Promise.all([writer.close(), relay.close(), migrator.close()])
  await owner.query(`reassign owned by ${names.migrator} to current_user`)
  for (const name of Object.values(names)) {
    await owner.query(`drop owned by ${name} cascade`)
    await owner.query(`drop role ${name}`)
  }
})

const made = (aggregateId: string): NewEvent => ({
  id: newId(),
  type: 'order.created',
  version: 1,
  aggregate: 'order',
  aggregateId,
  data: { total: '1.00' },
  occurredAt: new Date(),
  metadata: {},
})

const refused = { code: 'PERMISSION_DENIED', cause: { code: '42501' } }

describe('the writer', () => {
  it('appends with every kind of expected version', async () => {
    await writer.transaction((tx) => append(tx, [made('1')], { expected: 'no-stream' }))
    await writer.transaction((tx) => append(tx, [made('1')], { expected: 1 }))
    await writer.transaction((tx) => append(tx, [made('1')], { expected: 'stream-exists' }))
    await writer.pipeline((tx) => [append(tx, [made('1')])])
    const stale = writer.transaction((tx) => append(tx, [made('1')], { expected: 1 }))
    await expect(stale).rejects.toMatchObject({ code: 'VERSION_CONFLICT' })
  })

  it('is told of a repeated id', async () => {
    const event = made('2')
    await writer.transaction((tx) => append(tx, [event]))
    const again = writer.transaction((tx) => append(tx, [event]))
    await expect(again).rejects.toMatchObject({ code: 'DUPLICATE_EVENT' })
  })

  it('can check the version of the schema', async () => {
    await assertSchema(writer)
    expect(await migrate(writer)).toMatchObject({ applied: [] })
  })

  it.each([
    'select payload from onewrite.events',
    'select * from onewrite.events',
    "update onewrite.events set payload = '{}'",
    'delete from onewrite.events',
    'truncate onewrite.events',
    'select * from onewrite.events_overflow',
    'insert into onewrite.events_overflow select * from onewrite.events_overflow',
    'delete from onewrite.streams',
    "update onewrite.streams set aggregate_id = 'x'",
    "select setval('onewrite.events_position', 1)",
    'select * from onewrite.leases',
    'select * from onewrite.checkpoints',
    'update onewrite.settings set partition_size = 1000',
    'delete from onewrite.migrations',
    'create table onewrite.mine (id int)',
    'drop table onewrite.events',
    'alter table onewrite.events disable trigger all',
    'select onewrite.create_partition(90000001, 10000000)',
  ])('may not: %s', async (statement) => {
    await expect(writer.query(statement)).rejects.toMatchObject(refused)
  })
})

describe('the relay', () => {
  it('reads the log, keeps a lease and a checkpoint', async () => {
    await owner.transaction((tx) => append(tx, [made('3')]))
    expect((await relay.query('select payload::text from onewrite.events')).rowCount).toBeGreaterThan(0)
    await relay.query('select * from onewrite.read_marks()')
    expect(await acquireLease(relay, { name: 'relay', owner: 'a', ttl: 1000 })).toBeDefined()
    expect(await saveCheckpoint(relay, { name: 'relay', position: 1n, token: 1n })).toBe(1n)
    await assertSchema(relay)
  })

  it('can share the log among the instances of a group', async () => {
    const encode: LogSubscribingOptions['encode'] = (event) =>
      toRecord(event, { source: '/test', topicOf: topics.aggregateEvents })
    const log = logSubscribing({ database: relay, encode })
    const reader = readPartitions(log, { group: 'printers' })
    await expect.poll(() => reader.held.size, { timeout: 20_000 }).toBe(16)
    await expect.poll(() => reader.records.length, { timeout: 20_000 }).toBeGreaterThan(0)
    await log.stop({ drain: 5000 })
    expect(reader.counts?.()).toEqual({ rebalances: 1, refusals: 0, missed: 0 })
  })

  it('may not append', async () => {
    const appended = relay.transaction((tx) => append(tx, [made('4')]))
    await expect(appended).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })

  it.each([
    'insert into onewrite.events select * from onewrite.events',
    "update onewrite.events set payload = '{}'",
    'delete from onewrite.events',
    'truncate onewrite.events',
    'update onewrite.streams set version = 0',
    "select nextval('onewrite.events_position')",
    'delete from onewrite.leases',
    'delete from onewrite.checkpoints',
    'delete from onewrite.migrations',
    'create table onewrite.mine (id int)',
  ])('may not: %s', async (statement) => {
    await expect(relay.query(statement)).rejects.toMatchObject(refused)
  })
})

describe('the migrator', () => {
  it('owns the schema and everything in it', async () => {
    const { rows } = await owner.query(
      `select relname from pg_class where relnamespace = 'onewrite'::regnamespace and relowner <> $1::regrole
       union all
       select proname from pg_proc where pronamespace = 'onewrite'::regnamespace and proowner <> $1::regrole`,
      [names.migrator],
    )
    expect(rows).toEqual([])
    await migrator.query('select onewrite.create_partition(90000001, 10000000)')
    await migrator.query('create table onewrite.more (id int)')
  })
})

describe('granting again', () => {
  it('takes back what was given beyond the task', async () => {
    await owner.query(`grant delete on onewrite.events to ${names.writer}`)
    await grantRoles(owner, names)
    const { rows } = await owner.query<{ may: boolean }>(
      "select has_table_privilege($1, 'onewrite.events', 'delete') as may",
      [names.writer],
    )
    expect(rows).toEqual([{ may: false }])
  })

  it('gives one role both tasks', async () => {
    await grantRoles(owner, { writer: names.writer, relay: names.writer })
    await writer.transaction((tx) => append(tx, [made('5')]))
    await writer.query('select payload from onewrite.events')
    await grantRoles(owner, names)
  })

  it('refuses a name that is none', async () => {
    const granting = grantRoles(owner, { writer: 'x"; drop schema onewrite' })
    await expect(granting).rejects.toMatchObject({ code: 'INVALID_IDENTIFIER' })
  })
})
