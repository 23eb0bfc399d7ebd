import type { Bench, Benchmark, Result } from '../benchmark.ts'
import { median, round, spread } from '../figures.ts'
import { drain, type RelaySettings } from './drain.ts'
import { seed } from './seed.ts'

const variants: Readonly<Record<string, RelaySettings>> = {
  defaults: {},
  'page 1,000': { page: { events: 1_000 } },
  'page 2,000': { page: { events: 2_000 } },
  'page 10,000': { page: { events: 10_000 } },
  'transaction 5,000': { settleAfter: 5_000 },
  'transaction 20,000': { settleAfter: 20_000 },
  'transaction 50,000': { settleAfter: 50_000 },
  'in flight 4 MiB': { maxBytesInFlight: 4 * 1024 * 1024 },
  'in flight 64 MiB': { maxBytesInFlight: 64 * 1024 * 1024 },
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
  const chosen = Object.entries(variants).filter(([name]) => name === 'defaults' || name.includes(bench.only))
  const backlog = {
    ...{ databaseUrl: bench.servers.databaseUrl, schema: 'bench_settings' },
    ...{ events, aggregates: 1_000, unit: 1 },
  }
  bench.say(`seeding ${events.toLocaleString('en')} events`)
  await seed(backlog)
  const found = new Map<string, { perSecond: number[]; cpu: number[]; memory: number[]; pair: number[] }>()
  for (let index = 0; index < rounds; index += 1) {
    let base = Number.NaN
    for (const [name, settings] of chosen) {
      const { rate, memory } = await drain(bench, backlog, settings)
      if (name === 'defaults') base = rate.perSecond
      const one = found.get(name) ?? { perSecond: [], cpu: [], memory: [], pair: [] }
      found.set(name, one)
      one.perSecond.push(rate.perSecond)
      one.cpu.push((rate.cpu.node / events) * 1_000_000)
      one.memory.push(memory)
      one.pair.push(rate.perSecond / base)
      bench.say(`round ${index + 1}, ${name}: ${round(rate.perSecond).toLocaleString('en')}/s`)
    }
  }
  const rows = [...found].map(([name, { perSecond, cpu, memory, pair }]) => [
    ...[name, spread(perSecond), median(pair), median(cpu), Math.max(...memory)],
  ])
  const best = rows.reduce((one, other) => (Number(other[2]) > Number(one[2]) ? other : one))
  return {
    conditions: { backlog: `${events} events of about 330 bytes`, rounds: `${rounds}, variants interleaved` },
    tables: [
      {
        title: 'Settings of the relay, each beside the defaults of the same round',
        columns: ['variant', 'events/s (least-most)', 'to defaults', 'CPU us/event node', 'MiB'],
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
