import type { Bench } from '../benchmark.ts'
import { round } from '../figures.ts'
import {
  type Drain,
  drainDebezium,
  drainRelay,
  enterWal,
  freshLog,
  type Limits,
  limitsOf,
  prepareDebezium,
  prepareOutbox,
  slotOf,
  warmRows,
} from './against-drain.ts'
import type { Debezium } from './debezium.ts'
import { freshName } from './drain.ts'
import type { OutboxTable } from './outbox-table.ts'

export interface Rivals {
  readonly default: Debezium
  readonly tuned: Debezium
  readonly table: OutboxTable
}

export const sides = ['debezium_default', 'debezium_tuned', 'outbox', 'table', 'wal'] as const
export type Side = (typeof sides)[number]

export const sideNames: Readonly<Record<Side, string>> = {
  debezium_default: 'Debezium, default',
  debezium_tuned: 'Debezium, tuned',
  outbox: 'onewrite, the same outbox',
  table: 'onewrite, log by table',
  wal: 'onewrite, log by WAL',
}

export interface DrainRound {
  readonly drains: Readonly<Record<Side, Drain & { readonly own?: number }>>
  readonly limits: Limits | undefined
}

/** Each in turn, from another one each time. */
const inTurn = async <Name extends string, Value>(
  names: readonly Name[],
  index: number,
  work: (name: Name) => Promise<Value>,
): Promise<readonly (readonly [Name, Value])[]> => {
  const found: (readonly [Name, Value])[] = []
  for (let step = 0; step < names.length; step += 1) {
    const name = names[(index + step) % names.length]
    if (name !== undefined) found.push([name, await work(name)])
  }
  return found
}

interface Size {
  readonly events: number
  /** Rows of a transaction. */
  readonly unit: number
}

/** The three that read the very same rows. */
const drainOutbox = async (
  bench: Bench,
  { table, ...rivals }: Rivals,
  { events, unit }: Size,
  index: number,
): Promise<readonly (readonly [Side, Drain])[]> => {
  const log = await freshLog(bench)
  const topics = {
    outbox: await prepareOutbox(bench, log, table),
    default: await prepareDebezium(bench, rivals.default, table),
    tuned: await prepareDebezium(bench, rivals.tuned, table),
  }
  // What was written for the others to begin with waits for the relay, too.
  const waiting = { until: { records: events + 2 * warmRows }, events: events + 2 * warmRows }
  await table.fill(events, unit)
  const found = await inTurn(['outbox', 'default', 'tuned'] as const, index, async (name) => {
    if (name !== 'outbox') return drainDebezium(bench, rivals[name], topics[name], events)
    const drain = await drainRelay(bench, log, 'outbox', topics.outbox, waiting)
    await table.dropSlot(slotOf(topics.outbox))
    return drain
  })
  await table.empty()
  await log.drop()
  return found.map(([name, drain]) => [name === 'outbox' ? name : `debezium_${name}`, drain])
}

const drainOwn = async (bench: Bench, { events, unit }: Size, index: number, withLimits: boolean) => {
  const log = await freshLog(bench)
  const topics = { wal: await enterWal(bench, log), table: await freshName(bench, 'table') }
  const until = await log.fill(events, unit)
  await log.settle()
  const found = await inTurn(['wal', 'table'] as const, index, (source) =>
    drainRelay(bench, log, source, topics[source], { until, events }),
  )
  const limits = withLimits ? await limitsOf(bench, log, events) : undefined
  await log.drop()
  return { found, limits }
}

/** Every side drains a backlog of the same payloads in transactions of the same size. */
export const drainRound = async (
  bench: Bench,
  rivals: Rivals,
  size: Size,
  index: number,
  withLimits = true,
): Promise<DrainRound> => {
  const theirs = await drainOutbox(bench, rivals, size, index)
  const { found, limits } = await drainOwn(bench, size, index, withLimits)
  const drains = Object.fromEntries([...theirs, ...found])
  for (const side of sides) {
    const { perSecond = Number.NaN } = drains[side] ?? {}
    bench.say(`  ${sideNames[side]}: ${round(perSecond).toLocaleString('en')} events/s`)
  }
  return { drains: asSides(drains), limits }
}

const asSides = (drains: Readonly<Record<string, Drain>>): DrainRound['drains'] => {
  const of = (side: Side): Drain => {
    const drain = drains[side]
    if (drain === undefined) throw new Error(`${side} was not measured`)
    return drain
  }
  return {
    debezium_default: of('debezium_default'),
    debezium_tuned: of('debezium_tuned'),
    outbox: of('outbox'),
    table: of('table'),
    wal: of('wal'),
  }
}
