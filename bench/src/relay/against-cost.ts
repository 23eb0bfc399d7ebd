import { setTimeout as wait } from 'node:timers/promises'
import type { Bench } from '../benchmark.ts'
import { within } from '../latency/latency.ts'
import type { PollingRelayFigures, PollingRelayInput } from '../latency/relay-process.ts'
import { secondsOf, serverSeconds } from '../processes.ts'
import { startProgram } from '../program.ts'
import { freshLog, type RelaySourceName, slotOf } from './against-drain.ts'
import type { Debezium } from './debezium.ts'
import { freshName } from './drain.ts'
import type { OutboxTable } from './outbox-table.ts'

/** What a relay costs while nothing happens. */
export interface Idle {
  readonly name: string
  readonly metric: string
  /** Transactions a second that PostgreSQL counts in the database, the asking itself left out. */
  readonly queriesPerSecond: number
  /** Seconds of CPU in a minute: of the relay or the JVM, and of PostgreSQL. */
  readonly relay: number
  readonly postgres: number
  /** MiB resident. */
  readonly memory: number
}

/** What is counted after a start, and what backends keep to themselves for up to a second. */
const settle = 5_000

const transactionsSql = `
  select (xact_commit + xact_rollback)::text as count from pg_stat_database where datname = current_database()`

const transactions = async ({ database }: OutboxTable): Promise<number> => {
  const { rows } = await database.query<{ count: string }>(transactionsSql)
  return Number(rows[0]?.count)
}

const measureIdle = async (
  table: OutboxTable,
  seconds: number,
  pid: number,
): Promise<Omit<Idle, 'name' | 'metric' | 'memory'>> => {
  await wait(settle)
  const before = {
    relay: secondsOf(pid),
    postgres: serverSeconds().postgres,
    count: await transactions(table),
  }
  const started = performance.now()
  await wait(seconds * 1000)
  const passed = (performance.now() - started) / 1000
  const asked = 1
  const count = (await transactions(table)) - before.count - asked
  const minute = 60 / passed
  return {
    queriesPerSecond: Math.max(0, count) / passed,
    relay: (secondsOf(pid) - before.relay) * minute,
    postgres: (serverSeconds().postgres - before.postgres) * minute,
  }
}

export const idleDebezium = async (
  bench: Bench,
  debezium: Debezium,
  table: OutboxTable,
  seconds: number,
): Promise<Idle> => {
  const topic = await freshName(bench, 'idle')
  const slot = slotOf(topic)
  await debezium.open(slot, topic)
  const figures = await measureIdle(table, seconds, debezium.connect.pid)
  const { now: memory } = await debezium.connect.memory()
  await debezium.close(slot)
  const { tuning } = debezium
  return { name: `Debezium, ${tuning}`, metric: `debezium_${tuning}`, ...figures, memory }
}

export const idleRelay = async (
  bench: Bench,
  source: RelaySourceName,
  table: OutboxTable,
  seconds: number,
): Promise<Idle> => {
  const topic = await freshName(bench, 'idle')
  const log = await freshLog(bench)
  const { databaseUrl, schema } = log
  const { brokers } = bench.servers
  const relay = startProgram<PollingRelayInput, PollingRelayFigures>(
    'latency/relay-process',
    { databaseUrl, schema, brokers, name: topic, topic, delivery: 'exactly-once', source },
    { tsx: bench.tsx },
  )
  await within(60_000, relay.ready)
  const figures = await measureIdle(table, seconds, relay.pid)
  relay.finish()
  const { memory } = await within(60_000, relay.figures).finally(() => relay.kill())
  if (source === 'outbox') await table.dropSlot(slotOf(topic))
  await log.drop()
  return { name: `onewrite, ${source}`, metric: source, ...figures, memory }
}
