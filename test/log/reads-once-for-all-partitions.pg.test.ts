import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logSubscribing } from '../../src/log/subscribe.ts'
import { partitionOf } from '../../src/log/subscriber/division.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'

import type { Database } from '../../src/postgres/database.ts'
import { type PartitionReader, readPartitions } from '../../src/testing/partition-reader.ts'
import { encode } from './encode-events.ts'
import { type LogInstances, logInstances, orders } from './log-instances.ts'

let all: LogInstances

beforeEach(async () => {
  all = await logInstances()
})

afterEach(() => all.close())

const group = 'printers'
const patience = { timeout: 60_000, interval: 20 }

/** Of the keys, those of a partition. */
const of = (partition: number, keys: readonly string[], partitions = 16): readonly string[] =>
  keys.filter((aggregateId) => partitionOf({ aggregate: 'order', aggregateId }, partitions) === partition)

const keysOf = ({ records }: PartitionReader): readonly string[] => records.map(({ key }) => String(key))

describe('an instance', { timeout: 120_000 }, () => {
  it('keeps one connection for all of its partitions', async () => {
    const reader = readPartitions(await all.open(), { group })
    await expect.poll(() => reader.held.size, patience).toBe(16)
    const sql = `select count(*)::int as count from pg_stat_activity
      where datname = current_database() and application_name = 'onewrite group printers'`
    expect((await all.fresh.database.query(sql)).rows).toEqual([{ count: 1 }])
  })

  it('holds a bounded number of records for members that take none', async () => {
    let encoded = 0
    const counting = (event: RawEvent) => {
      encoded += 1
      return encode(event)
    }
    const log = logSubscribing({ database: all.fresh.database, encode: counting, leaseTtl: 1500 })
    const keys = orders(8000)
    for (let at = 0; at < keys.length; at += 1000) await all.place(...keys.slice(at, at + 1000))
    const reader = readPartitions(log, { group, ...{ partitions: 2 } })
    reader.holdBack('log/0-of-2')
    reader.holdBack('log/1-of-2')
    await expect.poll(() => reader.held.size, patience).toBe(2)
    await expect.poll(() => encoded, patience).toBeGreaterThanOrEqual(500)
    // Long enough to read the rest, were it to read on: another group does.
    const other = readPartitions(await all.open(), { group: 'other' })
    await expect.poll(() => other.records.length, patience).toBe(8000)
    expect(encoded).toBeLessThanOrEqual(2 * (250 + 500))
    reader.goOn('log/0-of-2')
    reader.goOn('log/1-of-2')
    await expect.poll(() => new Set(keysOf(reader)).size, patience).toBe(8000)
    expect(reader.records).toHaveLength(8000)
    await log.stop({ drain: 5000 })
  })

  it('catches up with a partition that was left behind, in order, while the others go on', async () => {
    const first = readPartitions(await all.open(), { group })
    first.holdBack('log/3-of-16')
    const keys = orders(6000)
    await all.place(...keys.slice(0, 3000))
    await all.place(...keys.slice(3000))
    const others = keys.length - of(3, keys).length
    await expect.poll(() => first.records.length, patience).toBe(others)
    await all.place(...of(3, keys), ...of(4, keys))
    const second = others + of(4, keys).length
    await expect.poll(() => first.records.length, patience).toBe(second)
    await first.stop()
    const next = readPartitions(await all.open(), { group })
    const wanted = [...of(3, keys), ...of(3, keys)]
    await expect.poll(() => next.records.length, patience).toBe(wanted.length)
    expect(keysOf(next)).toEqual(wanted)
  })

  it('estimates how many records are to come, which positions do not tell', async () => {
    const reader = readPartitions(await all.open(), { group })
    const behind = (): bigint =>
      [...reader.held.values()].reduce((sum, assignment) => sum + (assignment.behind ?? 0n), 0n)
    await expect.poll(() => reader.held.size, patience).toBe(16)
    for (const name of reader.held.keys()) reader.holdBack(name)
    // The call that waits already takes one page of each.
    await all.place(...orders(200, 'taken'))
    await expect.poll(() => reader.records.length, patience).toBe(200)
    await all.place(...orders(1600))
    await expect.poll(behind, patience).toBe(1600n)
    for (const name of reader.held.keys()) reader.goOn(name)
    await expect.poll(() => reader.records.length, patience).toBe(1800)
    expect(behind()).toBe(0n)
  })

  it.each([
    ['it reads over', 'onewrite group printers'],
    ['its leases are kept over', 'onewrite leases'],
  ])('goes on where the connection that %s never answers', async (_what, name) => {
    let silent = true
    const { database } = all.fresh
    const hanging: Database = {
      ...database,
      rawConnection: async (options) => {
        const connection = await database.rawConnection(options)
        const hangs = silent && options.applicationName === name
        if (hangs) silent = false
        return { ...connection, read: hangs ? () => new Promise(() => undefined) : connection.read }
      },
    }
    const log = logSubscribing({ database: hanging, encode, leaseTtl: 1000 })
    try {
      await all.place(...orders(20))
      const reader = readPartitions(log, { group })
      await expect.poll(() => reader.records.length, patience).toBe(20)
      expect(silent).toBe(false)
    } finally {
      await log.stop({ drain: 30_000 })
    }
  })

  it('is told of an event that has no record, and delivers the other keys', async () => {
    const [bad = '', ...later] = of(5, orders(200))
    let repaired = false
    const failing = (event: RawEvent) => {
      if (event.aggregateId === bad && !repaired) throw new Error('no topic for it')
      return encode(event)
    }
    const log = logSubscribing({ database: all.fresh.database, encode: failing, leaseTtl: 1500 })
    await all.place(...orders(200))
    const reader = readPartitions(log, { group })
    await expect.poll(() => reader.records.length, patience).toBe(200 - 1 - later.length)
    repaired = true
    await expect.poll(() => reader.records.length, patience).toBe(200)
    expect(keysOf(reader).slice(-1 - later.length)).toEqual([bad, ...later])
    await log.stop({ drain: 5000 })
  })

  it('goes on after its connection broke, and delivers nothing twice', async () => {
    const reader = readPartitions(await all.open(), { group })
    await all.place(...orders(100))
    await expect.poll(() => reader.records.length, patience).toBe(100)
    await all.fresh.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'onewrite group printers'`,
    )
    await all.place(...orders(100, 'later'))
    await expect.poll(() => reader.records.length, patience).toBe(200)
    expect(new Set(keysOf(reader)).size).toBe(200)
    expect(reader.counts?.()).toMatchObject({ rebalances: 1, refusals: 0 })
  })
})

describe('a member that begins where retention has dropped events', { timeout: 120_000 }, () => {
  it('is told so instead of being given what follows', async () => {
    const { database } = all.fresh
    await all.place(...orders(100))
    const first = readPartitions(await all.open(), { group })
    await expect.poll(() => first.records.length, patience).toBe(100)
    const isThrough = async (): Promise<number> => {
      const sql = 'select min(position)::int as least from onewrite.checkpoints'
      return (await database.query<{ least: number }>(sql)).rows[0]?.least ?? 0
    }
    await expect.poll(isThrough, patience).toBe(100)
    await first.stop()
    await database.query('update onewrite.settings set dropped_through = 50')
    const failures: unknown[] = []
    const log = logSubscribing({ database: database, encode, leaseTtl: 1500 })
    const subscription = log.subscribe(
      { group },
      {
        assigned: async (assignment) => {
          assignment.begin(20n)
          assignment.next({ records: 1, bytes: 1 }).catch((error: unknown) => failures.push(error))
        },
        revoked: async () => {},
      },
    )
    await expect.poll(() => failures.length, patience).toBe(16)
    expect(failures).toContainEqual(expect.objectContaining({ code: 'EVENTS_DROPPED' }))
    await subscription.stop()
  })
})
