import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logSubscribing } from '../../src/log/subscribe.ts'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { type PartitionReader, readPartitions } from '../../src/testing/partition-reader.ts'
import type { LogSubscribeOptions } from '../../src/transport/postgres.ts'
import { encode, leaseTtl } from './encode-events.ts'
import { type LogInstance, type LogInstances, logInstances, orders } from './log-instances.ts'

let all: LogInstances

beforeEach(async () => {
  all = await logInstances()
})

afterEach(() => all.close())

const group = 'printers'
const patience = { timeout: 60_000, interval: 20 }

const read = (log: LogInstance, options: Partial<LogSubscribeOptions> = {}): PartitionReader =>
  readPartitions(log, { group, ...options })

const shares = (readers: readonly PartitionReader[]): readonly number[] =>
  readers.map(({ held }) => held.size).sort((a, b) => b - a)

const keysOf = (readers: readonly PartitionReader[]): readonly string[] =>
  readers.flatMap(({ records }) => records.map(({ key }) => String(key))).sort()

describe('instances of a group', { timeout: 120_000 }, () => {
  it('have as many partitions each as can be, and more or fewer when one comes or goes', async () => {
    const readers = [read(await all.open())]
    await expect.poll(() => shares(readers), patience).toEqual([16])
    readers.push(read(await all.open()))
    await expect.poll(() => shares(readers), patience).toEqual([8, 8])
    readers.push(read(await all.open()))
    await expect.poll(() => shares(readers), patience).toEqual([6, 5, 5])
    await all.place(...orders(100))
    await expect.poll(() => keysOf(readers), patience).toEqual([...orders(100)].sort())
    await readers[0]?.stop()
    await expect.poll(() => shares(readers), patience).toEqual([8, 8, 0])
    const names = readers.flatMap(({ held }) => [...held.keys()])
    expect(new Set(names).size).toBe(16)
    expect(names).toContain('log/15-of-16')
  })

  it('stand by where there are more of them than partitions, and take over from one that leaves', async () => {
    const readers = [await all.open(), await all.open(), await all.open()].map((log) =>
      read(log, { partitions: 2 }),
    )
    await expect.poll(() => shares(readers), patience).toEqual([1, 1, 0])
    const standby = readers.find(({ held }) => held.size === 0)
    expect(standby?.health?.()).toEqual({ state: 'standby' })
    await readers.find(({ held }) => held.size === 1)?.stop()
    await expect.poll(() => standby?.held.size, patience).toBe(1)
    expect(standby?.health?.()).toEqual({ state: 'up' })
    expect(standby?.counts?.()).toEqual({ rebalances: 1, refusals: 0, missed: 0 })
  })

  it('take over from one that fell silent, which has lost its partitions by then', async () => {
    const dying = await all.open()
    const first = read(dying)
    const second = read(await all.open())
    await expect.poll(() => shares([first, second]), patience).toEqual([8, 8])
    const before = [...first.held.values()]
    dying.silence()
    await expect.poll(() => second.held.size, patience).toBe(16)
    expect(before.every(({ lost }) => lost.aborted)).toBe(true)
    await all.place(...orders(50))
    await expect.poll(() => keysOf([second]), patience).toEqual([...orders(50)].sort())
    await expect.poll(() => first.health?.().state, patience).toBe('degraded')
  })

  it('lose a partition that somebody else has taken, and that one alone', async () => {
    const reader = read(await all.open())
    await expect.poll(() => reader.held.size, patience).toBe(16)
    const taken = reader.held.get('log/3-of-16')
    const take = (until: string) =>
      all.fresh.database.query(
        `update onewrite.leases set owner = 'nobody', token = token + 1, expires_at = ${until}
         where name = 'group/printers/3'`,
      )
    await take("'infinity'")
    await expect.poll(() => taken?.lost.aborted, patience).toBe(true)
    expect([...reader.held.keys()]).not.toContain('log/3-of-16')
    expect(reader.held.size).toBe(15)
    await take('now()')
    await expect.poll(() => reader.held.size, patience).toBe(16)
    expect(reader.held.get('log/3-of-16')).not.toBe(taken)
  })

  it('leave a partition with the one that does not let go of it, and move the others', async () => {
    let letGo = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const first = readPartitions(await all.open(), {
      group,
      lettingGo: ({ name }) => (name === 'log/15-of-16' ? gate : Promise.resolve()),
    })
    await expect.poll(() => first.held.size, patience).toBe(16)
    const second = read(await all.open())
    await expect.poll(() => second.held.size, patience).toBe(7)
    expect(first.held.has('log/15-of-16')).toBe(true)
    letGo()
    await expect.poll(() => shares([first, second]), patience).toEqual([8, 8])
  })
})

describe('an idle group', { timeout: 120_000 }, () => {
  it('asks for all of its partitions at once, and for nothing of each', async () => {
    const statements: string[] = []
    const { database } = all.fresh
    const note = (text: string): void => {
      if (!text.includes('read_marks')) statements.push(text)
    }
    const counted: Database = {
      ...database,
      query: (text, values) => {
        note(text)
        return database.query(text, values)
      },
      rawConnection: async (options) => {
        const connection = await database.rawConnection(options)
        const read: typeof connection.read = (text, values) => {
          note(text)
          return connection.read(text, values)
        }
        return { ...connection, read }
      },
    }
    const log = logSubscribing({ database: counted, encode, leaseTtl })
    const reader = readPartitions(log, { group })
    await all.place(...orders(100))
    await expect.poll(() => reader.records.length, patience).toBe(100)
    const saved = (): Promise<unknown> =>
      database.query('select min(position)::int from onewrite.checkpoints')
    await expect.poll(saved, patience).toMatchObject({ rows: [{ min: 100 }] })
    statements.length = 0
    await expect.poll(() => statements.length, patience).toBeGreaterThanOrEqual(3)
    expect(statements.every((sql) => sql.includes('with renewed as'))).toBe(true)
    await log.stop({ drain: 5000 })
  })
})

describe('an instance whose handlers hold every connection of the pool', { timeout: 120_000 }, () => {
  it('keeps its partitions', async () => {
    const database = pgDatabase({ url: all.fresh.url, max: 2 })
    const log = logSubscribing({ database, encode, leaseTtl })
    const reader = readPartitions(log, { group })
    await expect.poll(() => reader.held.size, patience).toBe(16)
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const busy = [1, 2].map(() => database.transaction(() => gate))
    const expiry = async (): Promise<number> => {
      const sql = `select extract(epoch from min(expires_at))::float8 * 1000 as at from onewrite.leases
        where name like 'group/printers/%'`
      return (await all.fresh.database.query<{ at: number }>(sql)).rows[0]?.at ?? 0
    }
    const before = await expiry()
    await expect.poll(expiry, patience).toBeGreaterThan(before + 2 * leaseTtl)
    await all.place('order-1')
    await expect.poll(() => reader.records.length, patience).toBe(1)
    release()
    await Promise.all(busy)
    expect(reader.counts?.()).toEqual({ rebalances: 1, refusals: 0, missed: 0 })
    await log.stop({ drain: 5000 })
    await database.close()
  })
})
