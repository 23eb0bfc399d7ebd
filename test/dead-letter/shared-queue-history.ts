import { join } from 'node:path'
import type { Head } from '../../src/dead-letter/take-head.ts'
import { isOnewriteError } from '../../src/error/onewrite-error.ts'
import type { Database, Transaction } from '../../src/postgres/database.ts'
import { type Dice, dice } from '../fault/seed.ts'
import { freshDatabase } from '../support/database.ts'
import type { Build } from './quarantine-history.ts'

const load = async ({ source }: Build) => {
  const open: typeof import('../../src/dead-letter/open-queues.ts') = await import(
    join(source, 'dead-letter/open-queues.ts')
  )
  const enqueue: typeof import('../../src/dead-letter/enqueue.ts') = await import(
    join(source, 'dead-letter/enqueue.ts')
  )
  const head: typeof import('../../src/dead-letter/take-head.ts') = await import(
    join(source, 'dead-letter/take-head.ts')
  )
  const close: typeof import('../../src/dead-letter/close-queues.ts') = await import(
    join(source, 'dead-letter/close-queues.ts')
  )
  const decide: typeof import('../../src/dead-letter/decide.ts') = await import(
    join(source, 'dead-letter/decide.ts')
  )
  const list: typeof import('../../src/dead-letter/list.ts') = await import(
    join(source, 'dead-letter/list.ts')
  )
  const queue: typeof import('../../src/dead-letter/queue.ts') = await import(
    join(source, 'dead-letter/queue.ts')
  )
  return { ...open, ...enqueue, ...head, ...close, ...decide, ...list, ...queue }
}

type Loaded = Awaited<ReturnType<typeof load>>

const reader = 'consumer/accounts'
const topic = 'accounts'
/** Of each writer; a key is one writer's, as partitions are. */
const writers = [
  ['a', 'b', 'c'],
  ['d', 'e', 'f'],
] as const
const cause = { code: 'REFUSED', message: 'no such account' }

export interface SharedHistoryOptions {
  readonly seed: number
  /** Of each key. */
  readonly events: number
  /** Milliseconds to wait in the end. Default 20,000. */
  readonly patience?: number
}

export interface SharedOutcome {
  readonly events: number
  /** By key: numbers in the order in which they took effect. */
  readonly effects: ReadonlyMap<string, readonly number[]>
  readonly discarded: ReadonlySet<string>
  readonly left: number
  readonly parked: number
  readonly crashed: number
}

interface Stage {
  readonly database: Database
  readonly made: Loaded
  readonly roll: Dice
  /** `key n` of what fails at present. */
  readonly refused: Set<string>
  readonly discarded: Set<string>
  crashed: number
}

class Crash extends Error {}

const pauseFor = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

const rest = ({ roll }: Stage): Promise<void> => pauseFor(roll.between(0, 4))

/** One transaction that may crash just before its commit; false where it did. */
const transact = async (stage: Stage, work: (tx: Transaction) => Promise<void>): Promise<boolean> => {
  try {
    await stage.database.transaction(async (tx) => {
      await work(tx)
      await rest(stage)
      if (stage.roll.chance(1 / 12)) throw new Crash()
    })
    return true
  } catch (error) {
    if (error instanceof Crash) stage.crashed += 1
    else if (!isOnewriteError(error, 'FENCED')) throw error
    return false
  }
}

const effect = (tx: Transaction, name: string) => {
  const [key, n] = name.split(' ')
  return tx.query('insert into effects (key, n) values ($1, $2)', [key, n])
}

/** The next event of some keys, in one transaction as a consumer has it; what fails is parked by another one. */
const arrive = async (stage: Stage, next: Map<string, number>, keys: readonly string[]): Promise<void> => {
  const { made, refused } = stage
  const names = keys.map((key) => `${key} ${next.get(key) ?? 1}`)
  const behind = (name: string) => {
    const [key = ''] = name.split(' ')
    const record = { topic, key, value: name, headers: {} }
    return { id: name, queue: made.keyQueue(record, name), record, position: 1n }
  }
  const bad = new Set(names.filter((name) => refused.has(name)))
  const failing = new Set<string>()
  const done = await transact(stage, async (tx) => {
    const all = names.map(behind)
    const open = await made.openQueuesOf(
      tx,
      reader,
      all.map(({ queue }) => queue),
    )
    await rest(stage)
    const held = all.filter(({ queue }) => open.has(made.queueName(queue)))
    for (const one of all) {
      if (held.includes(one)) continue
      if (bad.has(one.id)) failing.add(one.id)
      else await effect(tx, one.id)
    }
    await made.enqueue(tx, reader, held)
  })
  if (!done) return
  for (const key of keys)
    if (!failing.has(`${key} ${next.get(key) ?? 1}`)) next.set(key, (next.get(key) ?? 1) + 1)
  for (const name of failing) {
    const [key = ''] = name.split(' ')
    const parked = await transact(stage, async (tx) => {
      await made.enqueue(tx, reader, [{ ...behind(name), cause }])
    })
    if (parked) next.set(key, (next.get(key) ?? 1) + 1)
  }
}

const write = async (stage: Stage, keys: readonly string[], events: number): Promise<void> => {
  const next = new Map<string, number>()
  for (;;) {
    const left = keys.filter((key) => (next.get(key) ?? 1) <= events)
    if (left.length === 0) return
    const some = left.filter(() => stage.roll.chance(2 / 3))
    if (some.length > 0) await arrive(stage, next, some)
    await rest(stage)
  }
}

/** Works on released queues, as every instance does. */
const drain = async (stage: Stage, isOver: () => boolean): Promise<void> => {
  const { database, made, refused } = stage
  while (!isOver()) {
    let failed: Head | undefined
    await transact(stage, async (tx) => {
      const head = await made.takeHead(tx, reader, [])
      if (head === undefined) return
      await rest(stage)
      if (refused.has(head.id)) failed = head
      else {
        await effect(tx, head.id)
        await made.markDelivered(tx, head)
      }
    })
    const again = failed
    if (again !== undefined) await transact(stage, (tx) => made.parkHead(tx, again, cause))
    await made.closeEmptyQueues(database, reader)
    await rest(stage)
  }
}

const operate = async (stage: Stage, isOver: () => boolean): Promise<void> => {
  const { database, made, roll, refused, discarded } = stage
  while (!isOver()) {
    const parked = await made.listDeadLetters(database, { reader })
    for (const { eventId } of parked) if (roll.chance(1 / 2)) refused.delete(eventId)
    const keys = writers.flat()
    await made.redrive(database, roll.chance(1 / 2) ? {} : { key: roll.pick(keys) }, { actor: 'test' })
    const [first] = await made.listDeadLetters(database, { reader })
    if (first !== undefined && roll.chance(1 / 6)) {
      const gone = await made
        .discard(database, first.number, { actor: 'test', reason: 'not wanted' })
        .catch(() => undefined)
      if (gone !== undefined) discarded.add(gone.eventId)
    }
    await pauseFor(roll.between(0, 20))
  }
}

const leftSql = `
  select (select count(*)::int from onewrite.dead_letters where state in ('parked', 'held', 'released'))
    + (select count(*)::int from onewrite.quarantines) as count`
const parkedSql = `select count(*)::int as count from onewrite.dead_letters where attempts > 0`
const effectsSql = 'select key, n from effects order by number'

const countOf = async (database: Database, sql: string): Promise<number> =>
  (await database.query<{ count: number }>(sql)).rows[0]?.count ?? 0

/**
 * Lets two writers deliver events, some of which fail for a while, two instances work on the queues, and an operator
 * redrive and discard, with crashes; then lets everything through and tells what took effect.
 */
export const playShared = async (build: Build, options: SharedHistoryOptions): Promise<SharedOutcome> => {
  const { seed, events, patience = 20_000 } = options
  const made = await load(build)
  const { database, close } = await freshDatabase()
  await database.query('create table effects (number bigserial primary key, key text, n integer)')
  const roll = dice(seed)
  const stage: Stage = { database, made, roll, refused: new Set(), discarded: new Set(), crashed: 0 }
  for (const key of writers.flat()) {
    for (let n = 1; n <= events; n += 1) if (roll.chance(1 / 8)) stage.refused.add(`${key} ${n}`)
  }
  let over = false
  const isOver = (): boolean => over
  const background = [drain(stage, isOver), drain(stage, isOver), operate(stage, isOver)]
  await Promise.all(writers.map((keys) => write(stage, keys, events)))
  stage.refused.clear()
  const deadline = performance.now() + patience
  while ((await countOf(database, leftSql)) > 0 && performance.now() < deadline) await pauseFor(20)
  over = true
  await Promise.all(background)
  const effects = new Map<string, number[]>(writers.flat().map((key) => [key, []]))
  const { rows } = await database.query<{ key: string; n: number }>(effectsSql)
  for (const { key, n } of rows) effects.get(key)?.push(n)
  const [left, parked] = [await countOf(database, leftSql), await countOf(database, parkedSql)]
  await close()
  return { events, effects, discarded: stage.discarded, left, parked, crashed: stage.crashed }
}

/** What is wrong with an outcome: lost, repeated and reordered events of each key, and what is left in queues. */
export const sharedFaultsOf = ({ events, effects, discarded, left }: SharedOutcome): string[] => {
  const faults = left === 0 ? [] : [`left in queues: ${left}`]
  for (const [key, numbers] of effects) {
    const all = Array.from({ length: events }, (_, index) => index + 1)
    const expected = all.filter((n) => !discarded.has(`${key} ${n}`))
    const lost = expected.filter((n) => !numbers.includes(n))
    if (lost.length > 0) faults.push(`lost of ${key}: ${lost.join()}`)
    if (new Set(numbers).size < numbers.length) faults.push(`repeated of ${key}: ${numbers.join()}`)
    if (numbers.some((n) => !expected.includes(n))) faults.push(`phantom of ${key}: ${numbers.join()}`)
    if (numbers.some((n, index) => index > 0 && n < (numbers[index - 1] ?? 0)))
      faults.push(`reordered of ${key}: ${numbers.join()}`)
  }
  return faults
}
