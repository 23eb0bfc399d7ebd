import { migrate } from '../../../src/postgres/migrate.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import type { Bench, Benchmark, Result, Table } from '../benchmark.ts'
import { median, round, spread } from '../figures.ts'
import { runProgram } from '../program.ts'
import type { AppendFigures, AppendInput, VariantName } from './append-process.ts'

interface Setting {
  readonly name: string
  readonly connections: number
  /** Parameters of the session. */
  readonly options: string
}

const slowFlush = '-c commit_delay=1000 -c commit_siblings=0'

const settings: readonly Setting[] = [
  { name: '1 connection', connections: 1, options: '' },
  { name: '32 connections', connections: 32, options: '' },
  { name: '1 connection, flush + 1 ms', connections: 1, options: slowFlush },
  { name: '32 connections, flush + 1 ms', connections: 32, options: slowFlush },
]

const createSql = `
  create table bench_orders (
    id uuid primary key, customer_id uuid not null, total numeric(12, 2) not null, note text not null,
    created_at timestamptz not null default now())`

const words: Readonly<Record<VariantName, string>> = {
  plain: '(a) row, transaction',
  withEvent: '(b) row + event, transaction',
  plainPipelined: '(c) row, pipeline',
  withEventPipelined: '(d) row + event, pipeline',
}

const names: readonly VariantName[] = ['plain', 'withEvent', 'plainPipelined', 'withEventPipelined']

const ratio = (rounds: readonly AppendFigures[], of: VariantName, to: VariantName): number =>
  median(rounds.map((one) => one[of].perSecond / one[to].perSecond))

const rateTable = (name: string, rounds: readonly AppendFigures[]): Table => ({
  title: `Transactions a second, ${name}`,
  columns: ['variant', 'tx/s (least-most)', 'to (a)', 'to (c)', 'CPU us/tx node', 'PostgreSQL'],
  rows: names.map((variant) => [
    words[variant],
    spread(rounds.map((one) => one[variant].perSecond)),
    ratio(rounds, variant, 'plain'),
    ratio(rounds, variant, 'plainPipelined'),
    median(rounds.map((one) => one[variant].node)),
    median(rounds.map((one) => one[variant].postgres)),
  ]),
})

const prepare = async (url: string): Promise<void> => {
  const database = pgDatabase({ url })
  try {
    await migrate(database)
    await database.query(createSql)
  } finally {
    await database.close()
  }
}

const withOptions = (url: string, options: string): string =>
  options === '' ? url : `${url}?options=${encodeURIComponent(options)}`

const measureSetting = async (bench: Bench, setting: Setting, rounds: number): Promise<AppendFigures[]> => {
  const found: AppendFigures[] = []
  for (let index = 0; index < rounds; index += 1) {
    const input: AppendInput = {
      databaseUrl: withOptions(bench.servers.databaseUrl, setting.options),
      connections: setting.connections,
      seconds: bench.quick ? 1 : 4,
      first: index,
    }
    const { tsx } = bench
    const one = await runProgram<AppendInput, AppendFigures>('append/append-process', input, { tsx })
    found.push(one)
    const rates = names.map((name) => round(one[name].perSecond).toLocaleString('en')).join(', ')
    bench.say(`${setting.name}, round ${index + 1} of ${rounds}: ${rates} tx/s`)
  }
  return found
}

const measure = async (bench: Bench): Promise<Result> => {
  const rounds = bench.rounds ?? 3
  await prepare(bench.servers.databaseUrl)
  const found = new Map<string, AppendFigures[]>()
  for (const setting of settings) found.set(setting.name, await measureSetting(bench, setting, rounds))
  const of = (name: string): readonly AppendFigures[] => found.get(name) ?? []
  const [one, many, slow] = [of('1 connection'), of('32 connections'), of('32 connections, flush + 1 ms')]
  return {
    conditions: {
      transaction:
        'one row into a table with a primary key; the event starts a stream, about 300 bytes of data',
      'in a transaction': 'BEGIN, each statement, COMMIT: a round trip each; in a pipeline all of it is one',
      rounds: `${rounds} of ${bench.quick ? 1 : 4} s each, variants interleaved, medians of the ratios of each round`,
    },
    tables: [...found].map(([name, figures]) => rateTable(name, figures)),
    metrics: {
      pipelined_to_usual_32: ratio(many, 'withEventPipelined', 'plain'),
      pipelined_like_for_like_32: ratio(many, 'withEventPipelined', 'plainPipelined'),
      own_round_trip_32: ratio(many, 'withEvent', 'plain'),
      pipelined_to_usual_1: ratio(one, 'withEventPipelined', 'plain'),
      pipelined_like_for_like_1: ratio(one, 'withEventPipelined', 'plainPipelined'),
      own_round_trip_1: ratio(one, 'withEvent', 'plain'),
      slow_flush_pipelined_like_for_like_32: ratio(slow, 'withEventPipelined', 'plainPipelined'),
      slow_flush_own_round_trip_32: ratio(slow, 'withEvent', 'plain'),
    },
    rounds: Object.fromEntries(found),
  }
}

export const append: Benchmark = {
  name: 'append',
  about: 'transactions a second with an event beside the same without',
  needsKafka: false,
  measure,
}
