import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type PartitionReader, readPartitions } from '../../src/testing/partition-reader.ts'
import { type LogInstances, logInstances, orders } from './log-instances.ts'

interface Line {
  readonly held?: number
  readonly key?: string
  readonly zombies?: number
  readonly lost?: number
}

interface Reading {
  readonly child: ChildProcess
  readonly lines: readonly Line[]
  held(): number
  keys(): readonly string[]
}

const group = 'printers'
const patience = { timeout: 60_000, interval: 20 }

let all: LogInstances
let children: ChildProcess[]

beforeEach(async () => {
  children = []
  all = await logInstances()
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await all.close()
})

const startProcess = (): Reading => {
  const file = fileURLToPath(new URL('reading-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', file, all.fresh.url, group], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines: Line[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
  return {
    child,
    lines,
    held: () => lines.findLast(({ held }) => held !== undefined)?.held ?? 0,
    keys: () => lines.flatMap(({ key }) => key ?? []),
  }
}

const keysOf = ({ records }: PartitionReader): ReadonlySet<string> =>
  new Set(records.map(({ key }) => String(key)))

/** A process and an instance here, each with half of the partitions, and a record of each key read. */
const shared = async (): Promise<{ readonly other: Reading; readonly here: PartitionReader }> => {
  const other = startProcess()
  await expect.poll(other.held, patience).toBe(16)
  const here = readPartitions(await all.open(), { group })
  await expect.poll(() => [other.held(), here.held.size], patience).toEqual([8, 8])
  await all.place(...orders(100))
  await expect.poll(() => other.keys().length + here.records.length, patience).toBe(100)
  return { other, here }
}

const checkpoints = async (): Promise<readonly number[]> => {
  const sql = 'select position::int as position from onewrite.checkpoints order by 1'
  const { rows } = await all.fresh.database.query<{ position: number }>(sql)
  return rows.map(({ position }) => position)
}

describe('a group', { timeout: 120_000 }, () => {
  it('delivers again what a killed process had not settled', async () => {
    const { other, here } = await shared()
    other.child.kill('SIGKILL')
    await expect.poll(() => keysOf(here).size, patience).toBe(100)
    expect(here.held.size).toBe(16)
    expect(here.records).toHaveLength(100)
  })

  it('is not moved by a process that was stopped for longer than its leases and goes on', async () => {
    const { other, here } = await shared()
    const before = other.lines.length
    other.child.kill('SIGSTOP')
    await expect.poll(() => keysOf(here).size, patience).toBe(100)
    await expect.poll(() => here.held.size, patience).toBe(16)
    other.child.kill('SIGCONT')
    await expect.poll(() => other.lines.find(({ zombies }) => zombies !== undefined), patience).toBeDefined()
    const woke = other.lines.find(({ zombies }) => zombies !== undefined)
    expect(woke).toEqual({ zombies: 8, lost: 8 })
    await expect.poll(() => [other.held(), here.held.size], patience).toEqual([8, 8])
    await all.place(...orders(100, 'later'))
    const later = (): number =>
      other.lines.slice(before).flatMap(({ key }) => key ?? []).length + here.records.length - 100
    await expect.poll(later, patience).toBe(100)
    expect(Math.max(...(await checkpoints()))).toBeLessThanOrEqual(200)
  })
})
