import { parseArgs } from 'node:util'
import { append } from './append/append.ts'
import type { Benchmark } from './benchmark.ts'
import { consumption } from './consume/consume.ts'
import { handover } from './handover/handover.ts'
import { latency } from './latency/latency.ts'
import { relayAgainstDebezium } from './relay/against-debezium.ts'
import { relay } from './relay/relay.ts'
import { relaySettings } from './relay/relay-settings.ts'
import { run } from './run.ts'

const benchmarks: readonly Benchmark[] = [
  relay,
  relayAgainstDebezium,
  relaySettings,
  append,
  latency,
  handover,
  consumption,
]

const usage = `npm run bench -- <name> [options]

${benchmarks.map(({ name, about }) => `  ${name.padEnd(24)} ${about}`).join('\n')}

  --quick       a rough figure in about a minute
  --json        one JSON object on the line before the last; tables go to the error output
  --against debezium
                of relay: beside the real Debezium
  --only TEXT   of relay-settings, latency and consume: variants whose name contains the text
  --events N    of relay, relay-settings and consume: how long the backlog is
  --backlog     of consume: only the memory of one process over a backlog of 1,000,000
  --rounds N    how often each side is measured; the median counts
  --tsx         measure the sources through tsx instead of compiled JavaScript
  --profile     of relay and consume: write CPU profiles to bench/dist
  --help

KAFKA_BROKERS names a broker to use; otherwise one is started. PostgreSQL is always one started for the run.`

const options = {
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  tsx: { type: 'boolean', default: false },
  profile: { type: 'boolean', default: false },
  backlog: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  only: { type: 'string', default: '' },
  against: { type: 'string' },
  events: { type: 'string' },
  rounds: { type: 'string' },
} as const

class UsageError extends Error {}

const wholeNumber = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const number = Number(text.replaceAll(',', '').replaceAll('_', ''))
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new UsageError(`--${name} is not a whole number above 0: ${text}`)
}

const parse = (words: string[]) => {
  try {
    return parseArgs({ args: words, allowPositionals: true, options })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

const main = async (words: string[]): Promise<void> => {
  const { values, positionals } = parse(words)
  if (values.help) return console.log(usage)
  const [first, ...rest] = positionals
  const name = values.against === undefined ? first : `${first}-against-${values.against}`
  const benchmark = benchmarks.find((one) => one.name === name)
  if (benchmark === undefined) {
    throw new UsageError(name === undefined ? 'which benchmark?' : `no benchmark is called ${name}`)
  }
  if (rest.length > 0) throw new UsageError(`one benchmark at a time, not also ${rest.join(' ')}`)
  const { quick, json, tsx, profile, backlog, only } = values
  const [events, rounds] = [wholeNumber('events', values.events), wholeNumber('rounds', values.rounds)]
  await run(benchmark, { quick, json, tsx, profile, backlog, only, events, rounds })
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (error instanceof UsageError) console.error(`onewrite: ${error.message}\n\n${usage}`)
  else console.error(error)
  process.exitCode = 1
}
