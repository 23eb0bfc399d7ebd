import type { Bench, Benchmark, BenchOptions, Result } from './benchmark.ts'
import { compile } from './compile.ts'
import { conditionsOf } from './conditions.ts'
import { round } from './figures.ts'
import { startServers } from './servers.ts'
import { tableText } from './table.ts'

const reporter = (started: number) => (text: string) => {
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.error(`${seconds.padStart(4)} s  ${text}`)
}

const metricText = (metrics: Result['metrics']): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${name}=${round(value)}`)
    .join(' ')

const print = (
  name: string,
  json: boolean,
  conditions: Readonly<Record<string, unknown>>,
  result: Result,
) => {
  const { tables, metrics, rounds } = result
  const out = json ? console.error : console.log
  out('')
  for (const [condition, value] of Object.entries(conditions)) out(`${condition}: ${value}`)
  for (const table of tables) out(`\n${tableText(table)}`)
  if (json) console.log(JSON.stringify({ bench: name, metrics, conditions, tables, rounds }))
  else console.log('')
  console.log(`bench ${name}: ${metricText(metrics)}`)
}

/** Starts the servers a benchmark needs, measures, prints, and stops them again, also on Ctrl-C. */
export const run = async (benchmark: Benchmark, options: BenchOptions): Promise<void> => {
  const say = reporter(performance.now())
  if (!options.tsx) await compile(say)
  say(`starting PostgreSQL${benchmark.needsKafka ? ' and Kafka' : ''}`)
  const servers = await startServers(benchmark)
  const interrupted = (): void => void servers.stop().finally(() => process.exit(130))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    const bench: Bench = { ...options, servers, say }
    const machine = await conditionsOf(servers, options)
    const result = await benchmark.measure(bench)
    print(benchmark.name, options.json, { ...machine, ...result.conditions }, result)
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    await servers.stop()
  }
}
