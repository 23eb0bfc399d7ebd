import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forgetReader } from '../../src/admin/forget-reader.ts'
import { groupStatus } from '../../src/admin/group-status.ts'
import { lastPosition } from '../../src/log/last-position.ts'
import { logReaders } from '../../src/log/log-readers.ts'
import { partitionOf } from '../../src/log/subscriber/division.ts'
import { openLine } from '../../src/log/subscriber/line.ts'
import { saveProgress } from '../../src/log/subscriber/progress.ts'
import { readCheckpoint, saveCheckpoint, takeCheckpoint } from '../../src/postgres/checkpoint.ts'
import { acquireLease, releaseLease } from '../../src/postgres/lease.ts'
import { type PartitionReader, readPartitions } from '../../src/testing/partition-reader.ts'
import type { LogSubscribeOptions } from '../../src/transport/postgres.ts'
import { type LogInstances, logInstances, orders } from './log-instances.ts'

let all: LogInstances

beforeEach(async () => {
  all = await logInstances()
})

afterEach(() => all.close())

const group = 'printers'
const name = `group/${group}`
const patience = { timeout: 60_000, interval: 20 }

const open = async (options: Partial<LogSubscribeOptions> = {}): Promise<PartitionReader> =>
  readPartitions(await all.open(), { group, ...options })

const keysOf = ({ records }: PartitionReader): readonly string[] =>
  records.map(({ key }) => String(key)).sort()

const status = async () => groupStatus(all.fresh.database, await lastPosition(all.fresh.database))

describe('the partition of an event', () => {
  it('is that of its aggregate, for all time', () => {
    const of = (aggregateId: string): number => partitionOf({ aggregate: 'order', aggregateId }, 16)
    expect(['order-1', 'order-2', 'ä', ''].map(of)).toEqual([2, 7, 9, 5])
    expect(new Set(orders(1000).map(of)).size).toBe(16)
  })
})

describe('a group', { timeout: 120_000 }, () => {
  it('keeps the number of partitions that it began with, and refuses another one', async () => {
    const first = await open({ partitions: 4 })
    await expect.poll(() => first.held.size, patience).toBe(4)
    const other = await open({ partitions: 8 })
    await expect(other.ended).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('partitions: 8, but the group printers divided the log into 4'),
    })
    await first.stop()
    const second = await open()
    await expect.poll(() => second.held.size, patience).toBe(4)
  })

  it('is refused where its name or its partitions cannot be', async () => {
    const log = await all.open()
    const member = { assigned: async () => {}, revoked: async () => {} }
    const refused = (options: LogSubscribeOptions) => () => log.subscribe(options, member)
    expect(refused({ group: '', partitions: 0 })).toThrow(/must not be empty; partitions: 0 is not/)
    expect(refused({ group: 'printers/3' })).toThrow(/has the name of a partition/)
    expect(refused({ group, partitions: 1025 })).toThrow(/from 1 to 1024/)
  })

  it('is one reader to retention and to operators, as far as its last partition', async () => {
    const reader = await open({ partitions: 3 })
    await all.place(...orders(30))
    const { database } = all.fresh
    await expect
      .poll(() => logReaders(database, database.schema), patience)
      .toEqual([{ name, position: 30n }])
    reader.holdBack('log/1-of-3')
    await all.place(...orders(30))
    await expect.poll(() => reader.records.length, patience).toBeGreaterThan(40)
    const [found] = await status()
    expect(found).toMatchObject({ name: group, partitions: 3, reading: true })
    const [{ position } = { position: 0n }] = await logReaders(database, database.schema)
    expect(position).toBeLessThan(60n)
    expect(position).toBeGreaterThanOrEqual(30n)
    reader.goOn('log/1-of-3')
    await expect
      .poll(() => logReaders(database, database.schema), patience)
      .toEqual([{ name, position: 60n }])
    await expect.poll(async () => (await status())[0]?.lag.events, patience).toBe(0n)
  })

  it('is forgotten whole, but not while an instance of it lives', async () => {
    const [first, standby] = [await open({ partitions: 1 }), await open({ partitions: 1 })]
    await all.place('order-1')
    await expect.poll(() => first.records.length + standby.records.length, patience).toBe(1)
    const { database } = all.fresh
    const forget = () => forgetReader(database, { kind: 'group', name: group })
    const sql = "select count(*)::int as n from onewrite.leases where name like 'instances/%' and owner <> ''"
    // The one that stands by is known to the group a moment after it was opened.
    await expect.poll(async () => (await database.query(sql)).rows, patience).toEqual([{ n: 2 }])
    await expect(forget()).rejects.toMatchObject({ code: 'READER_IN_USE' })
    await first.stop()
    await expect(forget()).rejects.toMatchObject({ code: 'READER_IN_USE' })
    await standby.stop()
    expect((await forget()).readers).toEqual([{ name, position: 1n, slot: undefined }])
    expect(await logReaders(database, database.schema)).toEqual([])
    const again = await open({ partitions: 2 })
    await expect.poll(() => keysOf(again), patience).toEqual(['order-1'])
    // Partitions of another division are others: what a member knows of those that were must not be taken for these.
    expect([...again.held.keys()].sort()).toEqual(['log/0-of-2', 'log/1-of-2'])
  })
})

describe('the progress of many partitions', () => {
  it('never moves back, and only under the token of the lease', async () => {
    const { database } = all.fresh
    const line = openLine(database)
    const names = ['group/a/0', 'group/a/1']
    for (const one of names) await saveCheckpoint(database, { name: one, position: 5n, token: 3n })
    const save = (position: bigint, token: bigint) =>
      saveProgress(
        line,
        names.map((one) => ({ name: one, position, token })),
      )
    expect(await save(9n, 3n)).toEqual([])
    expect(await save(7n, 3n)).toEqual([])
    expect(await save(20n, 2n)).toEqual(names)
    expect((await readCheckpoint(database, 'group/a/1'))?.position).toBe(9n)
    line.hangUp()
  })
})

describe('a group that one instance read for', { timeout: 120_000 }, () => {
  const ttl = 60_000

  it('is divided when that one has left, and goes on where it was', async () => {
    const { database } = all.fresh
    await all.place(...orders(10, 'old'))
    const lease = await acquireLease(database, { name, owner: 'old:1', ttl })
    await takeCheckpoint(database, { name, token: lease?.token ?? 0n })
    await saveCheckpoint(database, { name, position: 10n, token: lease?.token ?? 0n })
    const reader = await open()
    await all.place(...orders(20))
    await expect.poll(() => reader.health?.().state, patience).toBe('standby')
    expect(reader.held.size).toBe(0)
    if (lease !== undefined) await releaseLease(database, lease)
    await expect.poll(() => keysOf(reader), patience).toEqual([...orders(20)].sort())
    await expect
      .poll(() => logReaders(database, database.schema), patience)
      .toEqual([{ name, position: 30n }])
    expect(await status()).toMatchObject([{ name: group, partitions: 16, position: 30n }])
    await reader.stop()
    const forgotten = await forgetReader(database, { kind: 'group', name: group })
    expect(forgotten.readers).toEqual([{ name, position: 30n, slot: undefined }])
    expect((await database.query('select name from onewrite.checkpoints')).rows).toEqual([])
  })

  it('cannot be read, nor moved, by an instance of that version any more', async () => {
    const { database } = all.fresh
    const old = await acquireLease(database, { name, owner: 'old:1', ttl: 1 })
    await saveCheckpoint(database, { name, position: 0n, token: old?.token ?? 0n })
    const reader = await open()
    await expect.poll(() => reader.held.size, patience).toBe(16)
    expect(await acquireLease(database, { name, owner: 'old:2', ttl })).toBeUndefined()
    const late = saveCheckpoint(database, { name, position: 7n, token: old?.token ?? 0n })
    await expect(late).rejects.toMatchObject({ code: 'FENCED' })
  })
})
