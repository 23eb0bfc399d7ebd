import { afterEach, beforeEach, expect, it } from 'vitest'
import { headerList, lastHeader } from '../../src/message/header-list.ts'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import { outboxMessages } from '../../src/outbox/outbox-messages.ts'
import type { Outbox } from '../../src/outbox/outbox-reader.ts'
import { outboxTable } from '../../src/outbox/outbox-table.ts'
import type { Database } from '../../src/postgres/database.ts'
import { dropSlot, readSlot } from '../../src/postgres/slot.ts'
import { outboxSource } from '../../src/relay/outbox/source.ts'
import { type Relay, relay } from '../../src/relay/relay.ts'
import { type MemoryTransport, memory } from '../../src/transport/memory.ts'
import { freshDatabase } from '../support/database.ts'

const patience = { timeout: 20_000 } as const

let database: Database
let transport: MemoryTransport
let published: OutgoingRecord[]
let started: Relay[]

beforeEach(async () => {
  ;({ database } = await freshDatabase())
  transport = memory()
  published = []
  started = []
  await database.query(
    `create table outbox (id int primary key, aggregatetype text, aggregateid text, type text, payload jsonb)`,
  )
})

afterEach(async () => {
  await Promise.all(started.map((one) => one.stop()))
})

const follow = (outbox: Outbox): Relay => {
  const moving = relay({
    name: 'foreign',
    database,
    publishing: transport.publishing,
    source: outboxSource({ database, outbox }),
    published: (records) => published.push(...records),
  })
  started.push(moving)
  moving.start()
  return moving
}

const slotOf = (outbox: Outbox): string => outboxSource({ database, outbox }).slotOf?.('foreign') ?? ''

const streamingSql = `
  select from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid
  where s.slot_name = $1 and r.state in ('catchup', 'streaming')`

/** Waits until the relay streams. A slot is active while it is made, and delivers nothing that is written meanwhile. */
const streams = (outbox: Outbox) =>
  expect.poll(async () => (await database.query(streamingSql, [slotOf(outbox)])).rowCount, patience).toBe(1)

const insert = (from: number, to: number, type = 'Order') =>
  database.query(
    `insert into outbox select n, $3, 'order-' || n, 'OrderCreated', jsonb_build_object('n', n)
     from generate_series($1::int, $2::int) n`,
    [from, to, type],
  )

const values = () => published.map(({ value }) => String(value))
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `{"n": ${from + index}}`)

it('publishes what is committed, in order, once, also what is written while it rests', async () => {
  const outbox = outboxTable({ table: 'outbox' })
  const first = follow(outbox)
  await streams(outbox)
  await insert(1, 3)
  await expect.poll(values, patience).toEqual(numbered(1, 3))
  await first.stop()
  await insert(4, 5000)
  await database.query('delete from outbox where id < 100')
  follow(outbox)
  await insert(5001, 5003)
  await expect.poll(() => published.length, patience).toBe(5003)
  expect(values()).toEqual(numbered(1, 5003))
  expect(published[0]).toMatchObject({ topic: 'outbox.event.Order', key: 'order-1', headers: [['id', '1']] })
})

it('begins at a slot that is there, as it was left by the program whose work it takes over', async () => {
  await database.query(`create publication theirs for table outbox`)
  await database.query(`select pg_create_logical_replication_slot('theirs_${process.pid}', 'pgoutput')`)
  await insert(1, 2)
  follow(outboxTable({ table: 'outbox', slot: `theirs_${process.pid}`, publication: 'theirs' }))
  await expect.poll(values, patience).toEqual(numbered(1, 2))
})

it('acknowledges what it published, and what is none of its business', async () => {
  const outbox = outboxTable({ table: 'outbox' })
  follow(outbox)
  await streams(outbox)
  await insert(1, 1)
  await expect.poll(values, patience).toEqual(numbered(1, 1))
  const before = (await readSlot(database, slotOf(outbox)))?.confirmed ?? 0n
  await database.query('create table bystander as select generate_series(1, 400000) as n')
  const moved = async () => ((await readSlot(database, slotOf(outbox)))?.confirmed ?? 0n) > before
  await expect.poll(moved, { timeout: 40_000, interval: 500 }).toBe(true)
})

const loseSlot = async (outbox: Outbox): Promise<void> => {
  const first = follow(outbox)
  await streams(outbox)
  await insert(1, 2)
  await expect.poll(values, patience).toEqual(numbered(1, 2))
  await first.stop()
  await insert(3, 4)
  await expect.poll(async () => (await readSlot(database, slotOf(outbox)))?.active, patience).toBe(false)
  await dropSlot(database, slotOf(outbox))
}

it('stops when its place is lost, and names the range', async () => {
  const outbox = outboxTable({ table: 'outbox' })
  await loseSlot(outbox)
  const second = follow(outbox)
  await expect.poll(() => second.health().reason, patience).toContain('[OUTBOX_POSITION_LOST]')
  expect(second.health().reason).toMatch(/public\.outbox between [0-9A-F]+\/[0-9A-F]+ and [0-9A-F]+\//)
  expect(values()).toEqual(numbered(1, 2))
})

it('publishes again what the table holds where a column says in which order, and marks it', async () => {
  const outbox = outboxTable({ table: 'outbox', refill: { orderBy: 'id' } })
  await loseSlot(outbox)
  follow(outbox)
  await expect.poll(values, patience).toEqual([...numbered(1, 2), ...numbered(1, 4)])
  await insert(5, 6)
  await expect.poll(values, patience).toEqual([...numbered(1, 2), ...numbered(1, 6)])
  const marks = published.map(({ headers }) => lastHeader(headers, 'onewrite-refill') !== undefined)
  expect(marks).toEqual([false, false, true, true, true, true, false, false])
})

it('waits at a row that cannot be published, and leaves it out once it is told to', async () => {
  const outbox = outboxTable({ table: 'outbox' })
  const first = follow(outbox)
  await streams(outbox)
  await database.transaction(async (tx) => {
    await tx.query(`insert into outbox values (1, 'Order', 'a', 'b', '{"n": 1}')`)
  })
  await database.transaction(async (tx) => {
    await tx.query(`insert into outbox values (20, 'Order', 'a', 'b', '{}')`)
    await tx.query(`insert into outbox values (2, null, 'a', 'b', '{}')`)
  })
  await insert(3, 3)
  await expect.poll(() => first.health().reason, patience).toContain('[OUTBOX_ROW_REFUSED]')
  const reason = first.health().reason ?? ''
  await expect.poll(values, patience).toEqual(['{"n": 1}'])
  expect(reason).toContain('aggregatetype is null')
  const [, lsn = ''] = /committed at ([0-9A-F]+\/[0-9A-F]+)/.exec(reason) ?? []
  await first.stop()
  await expect.poll(async () => (await readSlot(database, slotOf(outbox)))?.active, patience).toBe(false)
  follow(outboxTable({ table: 'outbox', skip: [lsn] }))
  await expect.poll(values, patience).toEqual(['{"n": 1}', '{}', '{"n": 3}'])
})

it('says at the start what it cannot do with a table', async () => {
  const outbox = outboxTable({
    table: 'outbox',
    eventRouter: { 'table.field.event.key': 'subject', 'table.field.event.timestamp': 'id' },
  })
  const moving = follow(outbox)
  await expect.poll(() => moving.health().reason, patience).toContain('[OUTBOX_UNREADABLE]')
  expect(moving.health().reason).toContain('there is no column subject')
  expect(moving.health().reason).toContain('a timestamp without time zone is needed')
})

const fatal = { 'table.op.invalid.behavior': 'fatal' } as const

it('stops at a changed row where that is fatal, and needs to be shown it', async () => {
  const blind = follow(outboxTable({ table: 'outbox', eventRouter: fatal }))
  await expect.poll(() => blind.health().reason, patience).toContain('does not publish changes')
  await blind.stop()
  await database.query(`create publication changes for table outbox with (publish = 'insert, update')`)
  const outbox = outboxTable({ table: 'outbox', eventRouter: fatal, publication: 'changes' })
  const second = follow(outbox)
  await streams(outbox)
  await insert(1, 1)
  await database.query(`update outbox set type = 'changed'`)
  await insert(2, 2)
  await expect.poll(() => second.health().reason, patience).toContain('it was changed')
  await expect.poll(values, patience).toEqual(numbered(1, 1))
})

it('refuses a table whose changes are published although PostgreSQL cannot tell its rows apart', async () => {
  await database.query('alter table outbox drop constraint outbox_pkey')
  await database.query('create publication changes for table outbox')
  const moving = follow(outboxTable({ table: 'outbox', publication: 'changes' }))
  await expect.poll(() => moving.health().reason, patience).toContain('the table has no replica identity')
})

it('publishes messages of committed transactions, of its prefix alone', async () => {
  const outbox = outboxMessages({ prefix: 'orders' })
  follow(outbox)
  await streams(outbox)
  const message = (n: number) =>
    JSON.stringify({ id: n, aggregatetype: 'Order', aggregateid: 'a', type: 't', payload: `p${n}` })
  const emit = 'select pg_logical_emit_message($1, $2, $3)'
  await database.query(emit, [true, 'orders', message(1)])
  await database.query(emit, [true, 'others', message(2)])
  await database.query(emit, [false, 'orders', message(3)])
  const rolledBack = database.transaction(async (tx) => {
    await tx.query(emit, [true, 'orders', message(4)])
    throw new Error('on purpose')
  })
  await expect(rolledBack).rejects.toThrow('on purpose')
  await database.query(emit, [true, 'orders', message(5)])
  await expect.poll(values, patience).toEqual(['p1', 'p5'])
  expect(published.map(({ headers }) => headerList(headers))).toEqual([[['id', '1']], [['id', '5']]])
})
