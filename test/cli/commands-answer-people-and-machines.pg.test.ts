import { beforeEach, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { createPartitions } from '../../src/log/partitions.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import { saveCheckpoint } from '../../src/postgres/checkpoint.ts'
import type { Database } from '../../src/postgres/database.ts'
import { acquireLease, releaseLease } from '../../src/postgres/lease.ts'
import { readMigrations } from '../../src/postgres/migration-files.ts'
import { goTo, nameOf, partitionNames, useSmallPartitions } from '../log/small-partitions.ts'
import { emptyDatabase, freshDatabase } from '../support/database.ts'
import { OrderPlaced } from '../support/order-placed.ts'
import { type Ran, run } from './run.ts'

let url: string
let database: Database

const on = (...argv: readonly string[]): Promise<Ran> => run(argv, { DATABASE_URL: url })

beforeEach(async () => {
  ;({ url, database } = await freshDatabase())
})

const oldEvent = (): NewEvent =>
  OrderPlaced({ orderId: 'order-1' }, { occurredAt: new Date(Date.now() - 40 * 86_400_000) })

const write = (...events: readonly NewEvent[]) => database.transaction((tx) => append(tx, events))

const registerRelay = (name: string, owner: string, slot: string | null = null, source = 'table') =>
  database.query(
    `insert into onewrite.relays (name, source, delivery, slot, wal_budget, owner)
     values ($1, $4, 'exactly-once', $3, 1000000, $2)`,
    [name, owner, slot, source],
  )

describe('migrate', () => {
  it('says what is pending without doing it, does it, and says that nothing is left', async () => {
    const empty = await emptyDatabase()
    const names = (await readMigrations()).map(({ name }) => name)
    const dry = await run(['migrate', '--dry-run', '--json', '--database-url', empty.url])
    expect(dry.json()).toEqual({ installed: 0, needed: names.length, pending: names, dryRun: true })
    const done = await run(['migrate', '--json', '--database-url', empty.url])
    expect(done.json()).toMatchObject({ from: 0, applied: names })
    const again = await run(['migrate', '--database-url', empty.url])
    expect(again).toMatchObject({ exitCode: 0, err: '' })
    expect(again.out).toContain('is up to date')
  })

  it('takes another schema', async () => {
    expect(await on('migrate', '--schema', 'other')).toMatchObject({ exitCode: 0 })
    expect((await database.query('select from other.events')).rows).toEqual([])
  })
})

describe('a schema of another version', () => {
  it('is refused before anything is done, with what to run', async () => {
    await database.query('delete from onewrite.migrations where version > 3')
    for (const command of [['status'], ['relay', 'status'], ['retention', '--after', '30d']]) {
      const { exitCode, err } = await on(...command)
      expect(exitCode).toBe(1)
      expect(err).toMatch(/SCHEMA_TOO_OLD.*\nfix: +Run onewrite migrate/)
    }
  })
})

describe('status', () => {
  it('shows the log, its relays and its groups', async () => {
    await write(oldEvent(), oldEvent())
    await registerRelay('orders', 'host:1')
    await saveCheckpoint(database, { name: 'group/printer', position: 1n, token: 1n })
    const { exitCode, out } = await on('status')
    expect(out).toMatch(
      /PostgreSQL \d+\.\d+.*, schema onewrite version \d+\nlog: last position 2, 2 partitions/,
    )
    expect(out).toMatch(/orders\s+stopped/)
    expect(out).toMatch(/printer\s+stopped\s+1\s+1 events\s+40\.0 d/)
    expect(exitCode).toBe(3)
    expect((await on('status', '--json')).json()).toMatchObject({
      log: { lastPosition: '2', droppedThrough: '0', overflow: false },
      groups: [{ name: 'printer', reading: false, position: '1', lag: { events: '1' } }],
      healthy: false,
    })
  })
})

describe('retention', () => {
  beforeEach(async () => {
    await useSmallPartitions(database)
    await createPartitions(database, 1)
    await write(oldEvent())
    await goTo(database, 1001)
    await write(OrderPlaced({ orderId: 'order-1' }))
  })

  it('says what would go and who holds back what, and drops nothing', async () => {
    await saveCheckpoint(database, { name: 'group/printer', position: 0n, token: 1n })
    const { exitCode, out } = await on('retention', '--after', '30d', '--dry-run')
    expect(exitCode).toBe(0)
    expect(out).toContain('stays: group/printer is at 0')
    expect(out).toContain('would drop 0 partitions')
    expect(await partitionNames(database)).toContain(nameOf(1))
  })

  it('drops what every reader has passed', async () => {
    const { exitCode, json } = await on('retention', '--after', '30d', '--json')
    expect(exitCode).toBe(0)
    expect(json()).toMatchObject({ dropped: [nameOf(1)], droppedThrough: '1000', dryRun: false })
    expect(await partitionNames(database)).not.toContain(nameOf(1))
  })

  it.each(['30', '3x', '1s', ''])('takes no %j for a duration', async (after) => {
    const { exitCode, err } = await on('retention', '--after', after)
    expect(exitCode).toBe(2)
    expect(err).toMatch(/not a duration|shorter than a minute/)
  })
})

describe('relay forget', () => {
  it('forgets a relay that nobody runs, its checkpoint and its slot, after a dry run that does not', async () => {
    const slot = `gone_${process.pid}`
    await registerRelay('gone', 'me', slot)
    await saveCheckpoint(database, { name: 'relay/gone', position: 7n, token: 1n })
    await database.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot])
    const dry = await on('relay', 'forget', 'gone', '--dry-run')
    expect(dry.out).toBe(`would forget relay/gone, at position 7, and its replication slot ${slot}\n`)
    expect((await on('relay', 'forget', 'gone', '--json')).json()).toEqual({
      kind: 'relay',
      name: 'gone',
      readers: [{ name: 'relay/gone', position: '7', slot }],
      dryRun: false,
    })
    const left = await database.query(
      `select name from onewrite.relays union select name from onewrite.checkpoints
       union select slot_name::text from pg_replication_slots where slot_name = $1`,
      [slot],
    )
    expect(left.rows).toEqual([])
  })

  it('refuses while an instance holds the lease', async () => {
    await registerRelay('orders', 'me')
    await acquireLease(database, { name: 'relay/orders', owner: 'host:1', ttl: 60_000 })
    const { exitCode, err } = await on('relay', 'forget', 'orders')
    expect(exitCode).toBe(1)
    expect(err).toContain('relay/orders is in use: host:1 holds its lease [READER_IN_USE]')
    expect((await database.query('select name from onewrite.relays')).rows).toHaveLength(1)
  })

  it('forgets all shards of a relay, and refuses while one of them runs', async () => {
    await database.query(
      "insert into onewrite.relay_shards values ('orders', 1, 1, '{}', true), ('orders', 2, 2, '{7}', true)",
    )
    for (const name of ['orders.2.0', 'orders.2.1', 'orders.eu']) await registerRelay(name, 'me')
    await saveCheckpoint(database, { name: 'relay/orders', position: 7n, token: 1n })
    const lease = await acquireLease(database, { name: 'relay/orders.2.1', owner: 'host:1', ttl: 60_000 })
    expect((await on('relay', 'forget', 'orders')).err).toContain('relay/orders.2.1 is in use')
    if (lease !== undefined) await releaseLease(database, lease)
    expect((await on('relay', 'forget', 'orders')).out.split('\n')).toEqual([
      'forgot relay/orders, at position 7',
      'forgot relay/orders.2.0, without a checkpoint',
      'forgot relay/orders.2.1, without a checkpoint',
      '',
    ])
    expect((await database.query('select name from onewrite.relays')).rows).toEqual([{ name: 'orders.eu' }])
  })

  it('names those it knows where the name is wrong', async () => {
    await saveCheckpoint(database, { name: 'group/printer', position: 7n, token: 1n })
    const { exitCode, err } = await on('group', 'forget', 'print')
    expect(exitCode).toBe(1)
    expect(err).toContain('no group is named print (known: printer)')
    expect((await on('group', 'forget', 'printer')).exitCode).toBe(0)
  })
})

describe('relay status', () => {
  it('tells of a leader how far it is behind', async () => {
    await write(oldEvent(), oldEvent(), oldEvent())
    await registerRelay('orders', 'host:1')
    await acquireLease(database, { name: 'relay/orders', owner: 'host:1', ttl: 60_000 })
    await saveCheckpoint(database, { name: 'relay/orders', position: 1n, token: 1n })
    const { exitCode, json } = await on('relay', 'status', '--json')
    expect(json()).toMatchObject({
      lastPosition: '3',
      healthy: true,
      relays: [
        {
          name: 'orders',
          state: 'leading',
          source: 'table',
          delivery: 'exactly-once',
          shard: { index: 0, of: 1 },
          owner: 'host:1',
          position: '1',
          lag: { events: '2', counted: true, seconds: expect.closeTo(40 * 86_400, -3) },
          problems: [],
        },
      ],
    })
    expect(exitCode).toBe(0)
  })

  it('is not healthy where nobody leads, and says since when events wait', async () => {
    await write(oldEvent())
    await registerRelay('orders', 'host:1')
    const { exitCode, out } = await on('relay', 'status')
    expect(exitCode).toBe(3)
    expect(out).toMatch(/orders\s+stopped\s+table\s+exactly-once\s+none\s+1 events .* 40\.0 d/)
    expect(out).toContain('problem: orders: nobody leads it')
  })

  it('tells a leader that went silent from one that stopped', async () => {
    await registerRelay('orders', 'host:1')
    await database.query(
      "insert into onewrite.leases values ('relay/orders', 'host:1', 1, clock_timestamp() - interval '1 s')",
    )
    expect((await on('relay', 'status', '--json')).json()).toMatchObject({ relays: [{ state: 'stale' }] })
  })

  it('tells of a slot what is retained for it, and that one is missing', async () => {
    const slot = `kept_${process.pid}`
    await registerRelay('orders', 'host:1', slot, 'wal')
    await acquireLease(database, { name: 'relay/orders', owner: 'host:1', ttl: 60_000 })
    const missing = (await on('relay', 'status')).out
    expect(missing).toContain(`its replication slot ${slot} does not exist`)
    await database.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot])
    await database.query("select pg_logical_emit_message(true, 'x', repeat('x', 900000))")
    const { exitCode, json } = await on('relay', 'status', '--json')
    expect(exitCode).toBe(3)
    expect(json()).toMatchObject({
      relays: [
        {
          slot: {
            name: slot,
            exists: true,
            active: false,
            walStatus: 'reserved',
            retainedBytes: expect.stringMatching(/^\d{6,}$/),
            budgetBytes: '1000000',
          },
          problems: [{ problem: expect.stringMatching(/holds back \d+(\.\d)? % of its WAL budget/) }],
        },
      ],
    })
    await database.query('select pg_drop_replication_slot($1)', [slot])
  })

  it('says what a relay reads that chooses its source, and nothing of the log for an outbox', async () => {
    await write(oldEvent())
    await registerRelay('free', 'host:1', 'no_slot', 'auto')
    await registerRelay('theirs', 'host:1', 'their_slot', 'outbox')
    const state = '{"source":"table","position":"1"}'
    await saveCheckpoint(database, { name: 'relay/free', position: 1n, token: 1n, state })
    const { out, json } = await on('relay', 'status', '--json')
    expect(json()).toMatchObject({
      relays: [
        { name: 'free', source: 'auto', reading: 'table', problems: [{ problem: 'nobody leads it' }] },
        { name: 'theirs', source: 'outbox', reading: 'wal', slot: { exists: false } },
      ],
    })
    expect(out).not.toContain('"lag": null')
    expect((await on('relay', 'status')).out).toMatch(
      /theirs\s+stopped\s+outbox\s+exactly-once\s+none\s+-\s+-\s+-/,
    )
  })

  it('tells how many records were refused for good, and which range was filled in', async () => {
    await registerRelay('orders', 'host:1')
    await acquireLease(database, { name: 'relay/orders', owner: 'host:1', ttl: 60_000 })
    await database.query(
      `insert into onewrite.quarantines (reader, scope, topic, subject) values ('relay/orders', 'key', 't', 'k');
       insert into onewrite.dead_letters (reader, event_id, quarantine, state, topic, headers, position)
       values ('relay/orders', 'a', 1, 'parked', 't', '{}', 1), ('relay/orders', 'b', 1, 'held', 't', '{}', 2);
       insert into onewrite.refills (relay, reason, from_position, from_lsn, to_position)
       values ('orders', 'the slot is gone', 4, '0/0', 9)`,
    )
    expect((await on('relay', 'status', '--json')).json()).toMatchObject({
      relays: [
        {
          quarantine: { queues: '1', parked: '1', held: '1' },
          refill: { reason: 'the slot is gone', from: '4', to: '9', count: '1' },
          problems: [{ problem: '1 records were refused for good, and 1 wait behind them' }],
        },
      ],
    })
    expect((await on('relay', 'status')).out).toMatch(
      /refill: {2}orders: positions 5 to 9, .*not finished: the slot is gone/,
    )
  })
})
