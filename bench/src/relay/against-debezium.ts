import type { Bench, Benchmark, Result, Table } from '../benchmark.ts'
import { median, round, spread } from '../figures.ts'
import type { LatencyFigures } from '../latency/latency.ts'
import { type Idle, idleDebezium, idleRelay } from './against-cost.ts'
import { debeziumLatency, measureLatency, relayLatency } from './against-latency.ts'
import { type DrainRound, drainRound, type Rivals, type Side, sideNames, sides } from './against-rounds.ts'
import { debeziumText, startDebezium } from './debezium.ts'
import { openOutboxTable, unit } from './outbox-table.ts'

interface Sizes {
  readonly events: number
  readonly rounds: number
  readonly latencySeconds: number
  readonly idleSeconds: number
  readonly transactionRows: number
}

const sizesOf = ({ quick, events, rounds }: Bench): Sizes => ({
  events: events ?? (quick ? 50_000 : 500_000),
  rounds: rounds ?? (quick ? 1 : 3),
  latencySeconds: quick ? 5 : 15,
  idleSeconds: quick ? 10 : 60,
  transactionRows: quick ? 100_000 : 1_000_000,
})

const drains = (found: readonly DrainRound[], side: Side) => found.map((one) => one.drains[side])

const rateOf = (found: readonly DrainRound[], side: Side): number =>
  median(drains(found, side).map(({ perSecond }) => perSecond))

/** Round by round, so that a drift of the machine meets both. */
const ratioTo = (found: readonly DrainRound[], side: Side, other: Side): number =>
  median(found.map((one) => one.drains[side].perSecond / one.drains[other].perSecond))

const limitRatio = (found: readonly DrainRound[], side: 'table' | 'wal'): number =>
  median(
    found.map(({ drains: one, limits }) => {
      const { read, produce } = limits ?? {}
      return (
        (one[side].own ?? Number.NaN) /
        Math.min(read?.perSecond ?? Number.NaN, produce?.perSecond ?? Number.NaN)
      )
    }),
  )

const drainTable = (found: readonly DrainRound[], events: number): Table => ({
  title: `Drain of ${events.toLocaleString('en')} events in transactions of ${unit}`,
  columns: ['side', 'events/s (least-most)', 's', 's with start', 'CPU us/event', 'PostgreSQL', 'to tuned'],
  rows: sides.map((side) => {
    const all = drains(found, side)
    return [
      sideNames[side],
      spread(all.map(({ perSecond }) => perSecond)),
      median(all.map(({ seconds }) => seconds)),
      median(all.map(({ whole }) => whole)),
      median(all.map(({ cpu }) => cpu.relay)),
      median(all.map(({ cpu }) => cpu.postgres)),
      ratioTo(found, side, 'debezium_tuned'),
    ]
  }),
})

interface Latency {
  readonly name: string
  readonly metric: string
  readonly figures: readonly LatencyFigures[]
}

const latencyTable = (found: readonly Latency[]): Table => ({
  title: 'Milliseconds from COMMIT to a read_committed consumer, 1,000 events/s',
  columns: ['side', 'p50', 'p99', 'max', 'events/s', 'cores'],
  rows: found.map(({ name, figures }) => [
    name,
    median(figures.map(({ p50 }) => p50)),
    median(figures.map(({ p99 }) => p99)),
    Math.max(...figures.map(({ max }) => max)),
    median(figures.map(({ rate }) => rate)),
    median(figures.map(({ cores }) => cores)),
  ]),
})

const idleTable = (found: readonly Idle[]): Table => ({
  title: 'Idle',
  columns: ['side', 'transactions/s', 'CPU s/minute', 'PostgreSQL CPU s/minute', 'MiB'],
  rows: found.map(({ name, queriesPerSecond, relay, postgres, memory }) => [
    ...[name, queriesPerSecond, relay, postgres, memory],
  ]),
})

const memoryTable = (one: DrainRound, rows: number): Table => ({
  title: `Most memory resident, after one transaction of ${rows.toLocaleString('en')} rows`,
  columns: ['side', 'MiB', 'events/s'],
  rows: sides.map((side) => [sideNames[side], one.drains[side].memory, one.drains[side].perSecond]),
})

const measureDrains = async (bench: Bench, rivals: Rivals, sizes: Sizes): Promise<DrainRound[]> => {
  // A JVM that has compiled what it runs, both of them, and a broker that has, too.
  for (let index = 0; index < 2; index += 1) {
    bench.say(`warming up, ${index + 1} of 2`)
    const size = { events: Math.min(sizes.events, 100_000), unit }
    await drainRound(bench, rivals, size, index, index === 1)
  }
  const found: DrainRound[] = []
  for (let index = 0; index < sizes.rounds; index += 1) {
    bench.say(`drain, round ${index + 1} of ${sizes.rounds}`)
    found.push(await drainRound(bench, rivals, { events: sizes.events, unit }, index))
  }
  return found
}

const measureLatencies = async (bench: Bench, rivals: Rivals, sizes: Sizes): Promise<Latency[]> => {
  const all = [
    debeziumLatency(bench, rivals.default),
    debeziumLatency(bench, rivals.tuned),
    ...(['outbox', 'table', 'wal'] as const).flatMap((source) => [
      relayLatency(bench, rivals.table, source, 'exactly-once'),
      relayLatency(bench, rivals.table, source, 'at-least-once'),
    ]),
  ]
  const found = all.map(({ name, metric }) => ({ name, metric, figures: [] as LatencyFigures[] }))
  for (let index = 0; index < sizes.rounds; index += 1) {
    for (const [place, side] of all.entries()) {
      const figures = await measureLatency(bench, side, sizes.latencySeconds)
      found[place]?.figures.push(figures)
      bench.say(`latency, ${side.name}: p50 ${round(figures.p50)} ms, p99 ${round(figures.p99)} ms`)
    }
  }
  return found
}

const measureIdle = async (bench: Bench, rivals: Rivals, sizes: Sizes): Promise<Idle[]> => {
  const found: Idle[] = []
  const tell = (one: Idle): void => {
    bench.say(
      `idle, ${one.name}: ${round(one.queriesPerSecond)} transactions/s, ${round(one.relay)} CPU s/min`,
    )
    found.push(one)
  }
  for (const debezium of [rivals.default, rivals.tuned]) {
    tell(await idleDebezium(bench, debezium, rivals.table, sizes.idleSeconds))
  }
  for (const source of ['outbox', 'table', 'wal'] as const) {
    tell(await idleRelay(bench, source, rivals.table, sizes.idleSeconds))
  }
  return found
}

interface Found {
  readonly drains: readonly DrainRound[]
  readonly latencies: readonly Latency[]
  readonly idle: readonly Idle[]
  readonly large: DrainRound
}

const metricsOf = ({ drains: found, latencies, idle, large }: Found): Result['metrics'] => ({
  ...Object.fromEntries(sides.map((side) => [`${side}_per_s`, rateOf(found, side)])),
  outbox_to_tuned: ratioTo(found, 'outbox', 'debezium_tuned'),
  table_to_tuned: ratioTo(found, 'table', 'debezium_tuned'),
  wal_to_tuned: ratioTo(found, 'wal', 'debezium_tuned'),
  read_per_s: median(found.map(({ limits }) => limits?.read.perSecond ?? Number.NaN)),
  produce_per_s: median(found.map(({ limits }) => limits?.produce.perSecond ?? Number.NaN)),
  table_to_limit: limitRatio(found, 'table'),
  wal_to_limit: limitRatio(found, 'wal'),
  ...Object.fromEntries(
    latencies.flatMap(({ metric, figures }) => [
      [`${metric}_p50_ms`, median(figures.map(({ p50 }) => p50))],
      [`${metric}_p99_ms`, median(figures.map(({ p99 }) => p99))],
    ]),
  ),
  ...Object.fromEntries(sides.map((side) => [`${side}_memory_mib`, large.drains[side].memory])),
  ...Object.fromEntries(
    idle.flatMap(({ metric, queriesPerSecond, relay }) => [
      [`${metric}_idle_queries_per_s`, queriesPerSecond],
      [`${metric}_idle_cpu_s_per_min`, relay],
    ]),
  ),
})

const measureAll = async (bench: Bench, rivals: Rivals, sizes: Sizes): Promise<Found> => {
  const found = await measureDrains(bench, rivals, sizes)
  const latencies = await measureLatencies(bench, rivals, sizes)
  const idle = await measureIdle(bench, rivals, sizes)
  bench.say(`one transaction of ${sizes.transactionRows.toLocaleString('en')} rows`)
  const size = { events: sizes.transactionRows, unit: sizes.transactionRows }
  return { drains: found, latencies, idle, large: await drainRound(bench, rivals, size, 0, false) }
}

const resultOf = (sizes: Sizes, found: Found): Result => ({
  conditions: {
    debezium:
      '3.6.1.Final on Kafka Connect 4.3.1, standalone, pgoutput, StringConverter, a JVM (-Xmx1g) each',
    'debezium, default': debeziumText('default'),
    'debezium, tuned': debeziumText('tuned'),
    payload: 'the same orders in the standard outbox table (Debezium, onewrite) and in the log (onewrite)',
    drain: 'from the first record in Kafka to the last one that a read_committed reader could see',
    limits: 'read and produce alone as in the benchmark relay, of the log',
    rounds: `${sizes.rounds}, sides interleaved, medians; latency ${sizes.latencySeconds} s each; idle ${sizes.idleSeconds} s, once`,
  },
  tables: [
    drainTable(found.drains, sizes.events),
    latencyTable(found.latencies),
    idleTable(found.idle),
    memoryTable(found.large, sizes.transactionRows),
  ],
  metrics: metricsOf(found),
  rounds: found,
})

const measure = async (bench: Bench): Promise<Result> => {
  const sizes = sizesOf(bench)
  const table = await openOutboxTable(bench.servers.databaseUrl)
  bench.say('starting Debezium twice')
  const [asIs, tuned] = await Promise.all([
    startDebezium('default', bench.servers, table),
    startDebezium('tuned', bench.servers, table),
  ])
  try {
    return resultOf(sizes, await measureAll(bench, { default: asIs, tuned, table }, sizes))
  } finally {
    await Promise.all([asIs.stop(), tuned.stop()])
    await table.close()
  }
}

/** Needs Java and, once, Maven. */
export const relayAgainstDebezium: Benchmark = {
  name: 'relay-against-debezium',
  about: 'the same drain, latency, memory and idle cost beside the real Debezium (relay --against debezium)',
  needsKafka: true,
  postgres: { wal_level: 'logical', max_replication_slots: '40', max_wal_senders: '40' },
  measure,
}
