import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { migrate } from '../../../src/postgres/migrate.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import type { Bench } from '../benchmark.ts'
import { runProgram } from '../program.ts'
import { freshName } from '../relay/drain.ts'
import type { ConsumeFigures, ConsumeInput } from './consumer-process.ts'
import { fill } from './fill.ts'
import type { LoopInput } from './loop-process.ts'
import { marksOf } from './one-by-one.ts'

/** A topic with events, and a table for their effects. */
export interface Stage {
  readonly topic: string
  readonly schema: string
  readonly table: string
  readonly events: number
  readonly keys: number
}

const tableSql = (table: string): string => `
  create table ${table} (n bigint generated always as identity primary key, order_id uuid not null,
    total numeric(12, 2));
  create table ${marksOf(table)} (consumer text not null, id uuid not null, at timestamptz not null default now(),
    primary key (consumer, id))`

/** Everything a side needs, all of its own: nothing that one has done is in the way of the next. */
export const stage = async (bench: Bench, events: number, keys: number): Promise<Stage> => {
  const { databaseUrl, brokers } = bench.servers
  const topic = await freshName(bench, 'consume')
  const schema = topic.replaceAll('-', '_')
  const table = `${schema}_effects`
  const database = pgDatabase({ url: databaseUrl, schema, max: 2 })
  await migrate(database)
  for (const sql of tableSql(table).split(';')) await database.query(sql)
  await fill({ brokers, topic, events, keys })
  await database.query('checkpoint')
  await database.close()
  return { topic, schema, table, events, keys }
}

export interface ConsumerSettings extends Pick<ConsumeInput, 'concurrency' | 'waits' | 'poison' | 'redis'> {
  /** How often the topic was filled. Default once. */
  readonly times?: number
}

const profileOptions = [
  '--cpu-prof',
  `--cpu-prof-dir=${fileURLToPath(new URL('../../dist', import.meta.url))}`,
]

/** onewrite's consumer. */
export const consume = (
  { servers, tsx, profile }: Bench,
  { topic, schema, table, events }: Stage,
  { times = 1, ...settings }: ConsumerSettings = {},
): Promise<ConsumeFigures> => {
  const { databaseUrl, brokers } = servers
  const settled = events * times
  const input: ConsumeInput = { databaseUrl, schema, brokers, topic, table, settled, ...settings }
  const node = profile ? profileOptions : []
  return runProgram<ConsumeInput, ConsumeFigures>('consume/consumer-process', input, { tsx, node })
}

const loopOf =
  (program: string) =>
  ({ servers, tsx }: Bench, { topic, table, events }: Stage, serial: boolean): Promise<ConsumeFigures> => {
    const { databaseUrl, brokers } = servers
    const input: LoopInput = { databaseUrl, brokers, topic, table, events, serial }
    return runProgram<LoopInput, ConsumeFigures>(program, input, { tsx })
  }

/** One transaction for each event, on the same client. */
export const loop = loopOf('consume/loop-process')

/** The same on kafkajs. */
export const kafkajsLoop = loopOf('consume/kafkajs-process')

export const hasKafkajs = (): boolean => {
  try {
    const { resolve } = createRequire(import.meta.url)
    for (const name of ['kafkajs', 'kafkajs-lz4']) resolve(name)
    return true
  } catch {
    return false
  }
}

/** Fills the topic with the very same events again. */
export const fillAgain = ({ servers }: Bench, { topic, events, keys }: Stage): Promise<void> =>
  fill({ brokers: servers.brokers, topic, events, keys })

/** Effects that are there, and how many of them are there twice. */
export const effectsOf = async ({ servers }: Bench, { table }: Stage): Promise<number> => {
  const database = pgDatabase({ url: servers.databaseUrl, max: 1 })
  const { rows } = await database.query<{ count: string }>(`select count(*)::text as count from ${table}`)
  await database.close()
  return Number(rows[0]?.count)
}
