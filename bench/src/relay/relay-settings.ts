import type { Bench, Benchmark, Result } from '../benchmark.ts'
import { median, round, spread } from '../figures.ts'
import { drain, type RelaySettings } from './drain.ts'
import { seed } from './seed.ts'

const variants: Readonly<Record<string, RelaySettings>> = {
  'page 1,000': { page: { events: 1_000 } },
  'page 5,000, 4 MiB': { page: { events: 5_000, bytes: 4 * 1024 * 1024 } },
  'page 10,000, 4 MiB': { page: { events: 10_000, bytes: 4 * 1024 * 1024 } },
  'transaction 5,000': { settleAfter: 5_000 },
  'transaction 20,000': { settleAfter: 20_000 },
  'transaction 50,000': { settleAfter: 50_000 },
  'in flight 2 MiB': { maxBytesInFlight: 2 * 1024 * 1024 },
  'in flight 16 MiB': { maxBytesInFlight: 16 * 1024 * 1024 },
  'linger 0': { producer: { 'linger.ms': 0 } },
  'linger 1': { producer: { 'linger.ms': 1 } },
  'linger 20': { producer: { 'linger.ms': 20 } },
  'batch of 1,000': { producer: { 'batch.num.messages': 1_000 } },
  'batch.size 100 kB': { producer: { 'batch.size': 100_000 } },
  'no compression': { producer: { 'compression.type': 'none' } },
  'queue 100,000': { producer: { 'queue.buffering.max.messages': 100_000 } },
}

const measure = async (bench: Bench): Promise<Result> => {
  const events = bench.events ?? (bench.quick ? 20_000 : 200_000)
  const rounds = bench.rounds ?? (bench.quick ? 1 : 3)
  const chosen = Object.entries(variants).filter(([name]) => name.includes(bench.only))
  const backlog = {
    ...{ databaseUrl: bench.servers.databaseUrl, schema: 'bench_settings' },
    ...{ events, aggregates: 1_000, unit: 1 },
  }
  bench.say(`seeding ${events.toLocaleString('en')} events`)
  await seed(backlog)
  const found = new Map<string, { perSecond: number[]; cpu: number[]; memory: number[]; pair: number[] }>()
  bench.say('warming up the broker')
  for (let index = 0; index < 3; index += 1) await drain(bench, backlog)
  for (let index = 0; index < rounds; index += 1) {
    for (const [name, settings] of chosen) {
      // The defaults again beside each variant, in changing order: a drift of the machine meets both.
      const pair = index % 2 === 0 ? [settings, {}] : [{}, settings]
      const [first, second] = [await drain(bench, backlog, pair[0]), await drain(bench, backlog, pair[1])]
      const [own, base] = index % 2 === 0 ? [first, second] : [second, first]
      const one = found.get(name) ?? { perSecond: [], cpu: [], memory: [], pair: [] }
      found.set(name, one)
      one.perSecond.push(own.rate.perSecond)
      one.cpu.push(own.rate.cpu.node / base.rate.cpu.node)
      one.memory.push(own.memory)
      one.pair.push(own.rate.perSecond / base.rate.perSecond)
      bench.say(`round ${index + 1}, ${name}: ${round(own.rate.perSecond).toLocaleString('en')}/s`)
    }
  }
  const rows = [...found].map(([name, { perSecond, cpu, memory, pair }]) => [
    ...[name, spread(perSecond), median(pair), median(cpu), Math.max(...memory)],
  ])
  const best = rows.reduce((one, other) => (Number(other[2]) > Number(one[2]) ? other : one))
  return {
    conditions: {
      backlog: `${events} events of about 330 bytes`,
      rounds: `${rounds}, variants interleaved, medians of the ratios of pairs`,
    },
    tables: [
      {
        title: 'Settings of the relay, each beside the defaults in turn',
        columns: ['variant', 'events/s (least-most)', 'to defaults', 'CPU to defaults', 'MiB'],
        rows,
      },
    ],
    metrics: { best_to_defaults: Number(best[2]) },
    rounds: Object.fromEntries(found),
  }
}

/** Not a figure of the product: how its defaults were found. */
export const relaySettings: Benchmark = {
  name: 'relay-settings',
  about: 'the same drain with other settings than the defaults',
  needsKafka: true,
  measure,
}
