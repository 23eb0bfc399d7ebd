import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CheckResult } from '../../src/admin/check.ts'
import { doctor } from '../../src/admin/doctor.ts'
import { append } from '../../src/log/append.ts'
import { createPartitions } from '../../src/log/partitions.ts'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { grantRoles } from '../../src/postgres/roles.ts'
import { run } from '../cli/run.ts'
import { goTo, useSmallPartitions } from '../log/small-partitions.ts'
import { emptyDatabase, freshDatabase, type TestDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'

let fresh: TestDatabase
let database: Database

beforeEach(async () => {
  fresh = await freshDatabase()
  database = fresh.database
})

const found = async (name: string, on: Database = database): Promise<readonly CheckResult[]> => {
  const { checks } = await doctor({ database: on })
  return checks.filter((check) => check.name === name)
}

const registerRelay = (slot: string, budget: bigint | null = null) =>
  database.query(
    `insert into onewrite.relays (name, source, delivery, slot, wal_budget, owner)
     values ('orders', 'wal', 'exactly-once', $1, $2, 'me')`,
    [slot, budget],
  )

const withSlot = async (work: (slot: string) => Promise<void>): Promise<void> => {
  const slot = `doctor_${process.pid}`
  await database.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot])
  try {
    await work(slot)
  } finally {
    await database.query('select pg_drop_replication_slot($1)', [slot])
  }
}

describe('doctor', () => {
  it('makes every check, gives a fix with what is not well, and changes nothing', async () => {
    const before = await database.query('select * from pg_stat_user_tables order by relid')
    const { checks, counts } = await doctor({ database })
    expect(checks.length).toBeGreaterThanOrEqual(18)
    for (const { name, status, message, fix } of checks) {
      expect(name).toMatch(/^(postgres|log|replication)\.[a-z-]+$/)
      expect(message).not.toBe('')
      expect(fix !== undefined).toBe(status === 'warning' || status === 'problem')
    }
    expect(counts.ok).toBeGreaterThan(8)
    const after = await database.query('select * from pg_stat_user_tables order by relid')
    expect(after.rowCount).toBe(before.rowCount)
  })

  it('says of a database without a log what to run, and skips what needs one', async () => {
    const { database: empty } = await emptyDatabase()
    expect(await found('postgres.schema', empty)).toMatchObject([
      { status: 'problem', fix: expect.stringContaining('onewrite migrate') },
    ])
    expect(await found('log.partitions', empty)).toMatchObject([{ status: 'skipped' }])
  })

  it('finds a schema that is behind the program', async () => {
    await database.query('delete from onewrite.migrations where version > 3')
    expect(await found('postgres.schema')).toMatchObject([
      { status: 'problem', message: expect.stringContaining('has version 3') },
    ])
  })

  it('finds events without a partition, and that none is ready ahead', async () => {
    await useSmallPartitions(database)
    await database.transaction((tx) => append(tx, placed('order-1')))
    expect(await found('log.overflow')).toMatchObject([
      { status: 'warning', message: expect.stringContaining('1 events found no partition') },
    ])
    expect(await found('log.partitions')).toMatchObject([{ status: 'problem' }])
    await goTo(database, 1001)
    await createPartitions(database, 0)
    expect(await found('log.partitions')).toMatchObject([{ status: 'warning' }])
  })

  it('finds who holds back the log', async () => {
    const open = async () =>
      (await doctor({ database, openFor: 0 })).checks.find(({ name }) => name === 'log.open-transactions')
    expect(await open()).toMatchObject({ status: 'ok' })
    await database.transaction(async (tx) => {
      await tx.query('select 1')
      expect(await open()).toMatchObject({ status: 'ok' })
      await append(tx, placed('order-1'))
      expect(await open()).toMatchObject({
        status: 'problem',
        message: expect.stringMatching(
          /nothing recorded after these can be published: process \d+ \(onewrite\)/,
        ),
      })
    })
    expect(await open()).toMatchObject({ status: 'ok' })
  })

  it('finds a reader that nobody has heard of for a week', async () => {
    await database.transaction((tx) => append(tx, placed('order-1')))
    await database.query(
      "insert into onewrite.checkpoints values ('group/gone', 0, 1, clock_timestamp() - interval '9 days')",
    )
    expect(await found('log.readers-known')).toMatchObject([
      { status: 'warning', message: expect.stringContaining('group/gone (9 days)') },
    ])
  })

  it('asks for a publication once a relay reads the write-ahead log', async () => {
    expect(await found('replication.publication')).toMatchObject([{ status: 'skipped' }])
    await registerRelay('any_slot')
    expect(await found('replication.publication')).toMatchObject([
      { status: 'problem', message: expect.stringContaining('no publication publishes the log') },
    ])
    await database.query(
      "create publication half for table onewrite.events with (publish = 'update', publish_via_partition_root = true)",
    )
    expect(await found('replication.publication')).toMatchObject([
      { status: 'problem', message: expect.stringContaining('does not publish inserts') },
    ])
    await database.query("alter publication half set (publish = 'insert')")
    expect(await found('replication.publication')).toMatchObject([{ status: 'ok' }])
  })

  it('finds slots that nobody reads, and how much is retained for them', async () => {
    await withSlot(async (slot) => {
      await registerRelay(slot, 10_000_000_000n)
      expect(await found('replication.slots')).toMatchObject([
        {
          status: 'warning',
          message: expect.stringContaining(`slot ${slot} of relay orders is read by nobody`),
        },
      ])
      await database.query('update onewrite.relays set wal_budget = 2000000')
      await database.query("select pg_logical_emit_message(true, 'x', repeat('x', 1500000))")
      expect(await found('replication.slots')).toMatchObject([
        { status: 'warning', message: expect.stringContaining('half of its budget or more') },
      ])
    })
    expect(await found('replication.slots')).toMatchObject([
      { status: 'ok', message: 'there is no replication slot' },
    ])
  })

  it('finds roles that may copy the cluster whatever their grants say', async () => {
    const role = `copier_${process.pid}`
    await database.query(`create role ${role} login replication`)
    const findings = await found('replication.exposure')
    await database.query(`drop role ${role}`)
    expect(findings.map(({ message }) => message).join('\n')).toContain(`${role} may replicate`)
    expect(findings.map(({ message }) => message).join('\n')).toContain(
      'trusts connections without a password',
    )
  })

  it('exits with 3 where there is a problem, and prints one document on request', async () => {
    const { exitCode, json } = await run(['doctor', '--json', '--database-url', fresh.url])
    // The server of the tests runs without fsync.
    expect(json()).toMatchObject({ healthy: false, counts: { problem: expect.any(Number) } })
    expect(exitCode).toBe(3)
    const { out } = await run(['doctor', '--database-url', fresh.url])
    expect(out).toMatch(/^PROBLEM {2}postgres\.durability: fsync is off.*\n {9}fix: Set fsync = on\.$/m)
  })
})

describe('doctor, as a role with few rights', () => {
  const role = `few_${process.pid}`
  let owned: TestDatabase
  let relay: Database

  beforeAll(async () => {
    owned = await freshDatabase()
    await owned.database.query(`create role ${role} login`)
    await grantRoles(owned.database, { relay: role })
    const url = new URL(owned.url)
    url.username = role
    relay = pgDatabase({ url: url.href, max: 2 })
  })

  afterAll(async () => {
    await relay.close()
    await owned.database.query(`drop owned by ${role}`)
    await owned.database.query(`drop role ${role}`)
  })

  it('says what the role can do, what it lacks for the rest, and skips what it may not see', async () => {
    const [grants] = await found('postgres.grants', relay)
    expect(grants).toMatchObject({ status: 'ok' })
    expect(grants?.message).toMatch(
      /^this role can be relay; for writer it lacks .*insert on onewrite\.events/,
    )
    expect(await found('replication.exposure', relay)).toMatchObject([
      { status: 'skipped', message: expect.stringContaining('this role may not look') },
    ])
    expect(await found('replication.privilege', relay)).toMatchObject([{ status: 'skipped' }])
  })
})
