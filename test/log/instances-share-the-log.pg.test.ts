import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logSubscribing } from '../../src/log/subscribe.ts'
import type { Database } from '../../src/postgres/database.ts'
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
    expect(names).toContain('log/15')
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
    const taken = reader.held.get('log/3')
    const take = (until: string) =>
      all.fresh.database.query(
        `update onewrite.leases set owner = 'nobody', token = token + 1, expires_at = ${until}
         where name = 'group/printers/3'`,
      )
    await take("'infinity'")
    await expect.poll(() => taken?.lost.aborted, patience).toBe(true)
    expect([...reader.held.keys()]).not.toContain('log/3')
    expect(reader.held.size).toBe(15)
    await take('now()')
    await expect.poll(() => reader.held.size, patience).toBe(16)
    expect(reader.held.get('log/3')).not.toBe(taken)
  })

  it('leave a partition with the one that does not let go of it, and move the others', async () => {
    let letGo = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const first = readPartitions(await all.open(), {
      group,
      lettingGo: ({ name }) => (name === 'log/15' ? gate : Promise.resolve()),
    })
    await expect.poll(() => first.held.size, patience).toBe(16)
    const second = read(await all.open())
    await expect.poll(() => second.held.size, patience).toBe(7)
    expect(first.held.has('log/15')).toBe(true)
    letGo()
    await expect.poll(() => shares([first, second]), patience).toEqual([8, 8])
  })
})

describe('an idle group', { timeout: 120_000 }, () => {
  it('asks for all of its partitions at once, and for nothing of each', async () => {
    const statements: string[] = []
    const { database } = all.fresh
    const counted: Database = {
      ...database,
      query: (text, values) => {
        statements.push(text)
        return database.query(text, values)
      },
    }
    const log = logSubscribing({ database: counted, encode, leaseTtl })
    const reader = readPartitions(log, { group })
    await all.place(...orders(100))
    await expect.poll(() => reader.records.length, patience).toBe(100)
    const saved = (): Promise<unknown> => counted.query('select min(position)::int from onewrite.checkpoints')
    await expect.poll(saved, patience).toMatchObject({ rows: [{ min: 100 }] })
    statements.length = 0
    const rollCalls = (): number => statements.filter((sql) => sql.includes('with renewed as')).length
    await expect.poll(rollCalls, patience).toBe(3)
    expect(statements).toHaveLength(3)
    await log.stop({ drain: 5000 })
  })
})
