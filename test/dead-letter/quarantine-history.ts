import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import type { Database } from '../../src/postgres/database.ts'
import { type Dice, dice } from '../fault/seed.ts'
import { appendAll, deposited } from '../relay/events.ts'
import { freshDatabase } from '../support/database.ts'

/** What a history is played with: src as it is, or a build with a fault put in. */
export interface Build {
  readonly source: string
  remove(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

export const sound: Build = { source: join(root, 'src'), remove: async () => {} }

/** Copies src with one place changed; the folder stands in the repository so that packages are found. */
export const changed = async (file: string, find: string, replace: string): Promise<Build> => {
  const text = await readFile(join(root, 'src', file), 'utf8')
  if (text.split(find).length !== 2) throw new Error(`${file}: the place to change is not there exactly once`)
  const folder = await mkdtemp(join(root, '.data-known-bad-'))
  const source = join(folder, 'src')
  await cp(join(root, 'src'), source, { recursive: true })
  await writeFile(
    join(source, file),
    text.replace(find, () => replace),
  )
  return { source, remove: () => rm(folder, { recursive: true, force: true }) }
}

const load = async ({ source }: Build) => {
  const relay: typeof import('../../src/relay/relay.ts') = await import(join(source, 'relay/relay.ts'))
  const table: typeof import('../../src/relay/table-source.ts') = await import(
    join(source, 'relay/table-source.ts')
  )
  const wal: typeof import('../../src/relay/wal/source.ts') = await import(
    join(source, 'relay/wal/source.ts')
  )
  const transport: typeof import('../../src/transport/memory.ts') = await import(
    join(source, 'transport/memory.ts')
  )
  const decide: typeof import('../../src/dead-letter/decide.ts') = await import(
    join(source, 'dead-letter/decide.ts')
  )
  const failpoints: typeof import('../../src/lifecycle/failpoint.ts') = await import(
    join(source, 'lifecycle/failpoint.ts')
  )
  return { ...relay, ...table, ...wal, ...transport, ...decide, ...failpoints }
}

const topic = 'accounts'
const otherTopic = 'others'
const keys = ['a', 'b', 'c', 'd', 'e'] as const
/** Keys of the other topic. */
const others = 'de'
const crashes = [
  'relay.published',
  'relay.beforeCommit',
  'relay.committed',
  'deadLetter.setAside',
  'deadLetter.sent',
] as const

const encode = (event: RawEvent): OutgoingRecord => ({
  ...toRecord(event, { source: '/test', topicOf: () => topic }),
  topic: others.includes(event.aggregateId) ? otherTopic : topic,
})

export interface HistoryOptions {
  readonly seed: number
  readonly steps: number
  readonly delivery: 'exactly-once' | 'at-least-once'
  /** Default: table. */
  readonly source?: 'table' | 'wal'
  /** Milliseconds to wait for everything to leave in the end. Default 20,000. */
  readonly patience?: number
}

export interface Outcome {
  /** By key: numbers of the events recorded, in order. */
  readonly recorded: ReadonlyMap<string, readonly number[]>
  /** By key: what a subscriber read. */
  readonly read: ReadonlyMap<string, readonly number[]>
  /** Parked at least once, over all keys. */
  readonly parked: number
  /** Left in the quarantine in the end. */
  readonly left: number
  readonly crashed: number
}

const unsentSql = `select count(*)::int as count from onewrite.dead_letters where state in ('parked', 'held', 'released')`
const parkedSql = `select count(*)::int as count from onewrite.dead_letters where attempts > 0`

interface Stage {
  readonly database: Database
  readonly roll: Dice
  /** `key n` of what is refused at present, and topics. */
  readonly refused: Set<string>
  readonly recorded: ReadonlyMap<string, number[]>
}

const record = async ({ database, roll, refused, recorded }: Stage): Promise<void> => {
  const events = Array.from({ length: roll.between(1, 6) }, () => {
    const key = roll.pick(keys)
    const numbers = recorded.get(key) ?? []
    const n = numbers.length + 1
    numbers.push(n)
    if (roll.chance(1 / 6)) refused.add(`${key} ${n}`)
    return deposited(key, { n })
  })
  if (roll.chance(1 / 10)) refused.add(otherTopic)
  await appendAll(database, events)
}

const refusedBy = (refused: ReadonlySet<string>) => (record: OutgoingRecord) => {
  if (refused.has(record.topic)) return { scope: 'topic', cause: 'not authorised' } as const
  const name = `${record.key} ${JSON.parse(String(record.value)).n}`
  return refused.has(name) ? 'it is too large' : undefined
}

const countOf = async (database: Database, sql: string): Promise<number> =>
  (await database.query<{ count: number }>(sql)).rows[0]?.count ?? 0

const pauseFor = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/**
 * Records events of a few keys, some of which are refused for a while, while the relay crashes and operators redrive at
 * random; then lets everything through and tells what was read.
 */
export const play = async (build: Build, options: HistoryOptions): Promise<Outcome> => {
  const { relay, tableSource, walSource, memory, redrive, armFailpoint } = await load(build)
  const { seed, steps, delivery, patience = 20_000 } = options
  const { database, close } = await freshDatabase()
  const recorded = new Map<string, number[]>(keys.map((key) => [key, []]))
  const stage: Stage = { database, roll: dice(seed), refused: new Set(), recorded }
  const { roll, refused } = stage
  const { publishing, records } = memory({ refuse: refusedBy(refused) })
  const polling = { shortest: 1, longest: 5 }
  const table = tableSource({ database, encode, polling, page: { events: 5 } })
  const source = options.source === 'wal' ? walSource({ database, encode }) : table
  const moving = relay({ name: topic, database, publishing, source, delivery, settleAfter: 7, lookEvery: 5 })
  const numbersOf = (key: string): number[] =>
    [...records(topic), ...records(otherTopic)]
      .filter((written) => written.key === key)
      .map(({ value }): number => JSON.parse(String(value)).n)
  let crashed = 0

  const crash = async (): Promise<void> => {
    const effect = (): void => {
      crashed += 1
      throw new Error('crash')
    }
    armFailpoint(roll.pick(crashes), effect, roll.between(1, 3))
  }
  const release = async (): Promise<void> => {
    for (const name of [...refused]) if (roll.chance(1 / 2)) refused.delete(name)
    await redrive(database, roll.chance(1 / 3) ? {} : { key: roll.pick(keys) }, { actor: 'test' })
  }
  const count = (sql: string): Promise<number> => countOf(database, sql)
  const isRead = (): boolean =>
    keys.every((key) => new Set(numbersOf(key)).size >= (recorded.get(key)?.length ?? 0))

  moving.start()
  // Opening a source takes as long as many steps.
  await record({ ...stage, refused: new Set() })
  for (let waited = 0; !isRead() && waited < patience; waited += 20) await pauseFor(20)
  for (let step = 0; step < steps; step += 1) {
    await roll.pick([
      () => record(stage),
      () => record(stage),
      () => record(stage),
      crash,
      release,
      release,
    ])()
    await pauseFor(roll.between(0, 30))
  }
  refused.clear()
  const deadline = performance.now() + patience
  while ((!isRead() || (await count(unsentSql)) > 0) && performance.now() < deadline) {
    await redrive(database, {}, { actor: 'test' })
    await pauseFor(20)
  }
  await moving.stop()
  const read = new Map(keys.map((key) => [key, numbersOf(key)]))
  const [left, parked] = [await count(unsentSql), await count(parkedSql)]
  await close()
  return { recorded, read, parked, left, crashed }
}

const firsts = (numbers: readonly number[]): readonly number[] => [...new Set(numbers)]

const isAscending = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))

/** What is wrong with an outcome: lost, phantom, reordered and, where it is promised, repeated events of each key. */
export const faultsOf = ({ recorded, read, left }: Outcome, { delivery }: HistoryOptions): string[] => {
  const faults = left === 0 ? [] : [`${left} dead letters are left`]
  for (const [key, numbers] of recorded) {
    const found = read.get(key) ?? []
    const once = firsts(found)
    const lost = numbers.filter((number) => !found.includes(number))
    if (lost.length > 0) faults.push(`lost of ${key}: ${lost.join()}`)
    if (once.some((number) => !numbers.includes(number))) faults.push(`phantom of ${key}: ${once.join()}`)
    if (!isAscending(once)) faults.push(`reordered of ${key}: ${once.join()}`)
    if (delivery === 'exactly-once' && once.length < found.length)
      faults.push(`repeated of ${key}: ${found.join()}`)
  }
  return faults
}
