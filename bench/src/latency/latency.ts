import { migrate } from '../../../src/postgres/migrate.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import type { Delivery } from '../../../src/relay/open-sink.ts'
import type { Bench, Benchmark, Result } from '../benchmark.ts'
import { median, percentile, round } from '../figures.ts'
import { startProgram } from '../program.ts'
import { freshName, partitions } from '../relay/drain.ts'
import type { ConsumerFigures, ConsumerInput } from './consumer-process.ts'
import type { PollingRelayFigures, PollingRelayInput } from './relay-process.ts'
import type { WriterFigures, WriterInput } from './writer-process.ts'

export const perSecond = 1000
export const connections = 16
export const warmUpSeconds = 3

interface Case {
  readonly name: string
  readonly metric: string
  readonly delivery: Delivery
  /** Where the relay runs: alone it polls, beside the writers it is poked. */
  readonly relay: 'own process' | 'beside the writers'
  /** What the relay of an own process reads. Default: the table, polled. */
  readonly source?: 'table' | 'wal' | 'woken'
}

const cases: readonly Case[] = [
  {
    name: 'exactly-once, own process',
    metric: 'exactly_once',
    delivery: 'exactly-once',
    relay: 'own process',
  },
  {
    name: 'at-least-once, own process',
    metric: 'at_least_once',
    delivery: 'at-least-once',
    relay: 'own process',
  },
  {
    ...{ name: 'exactly-once, poked in process', metric: 'exactly_once_poked' },
    ...{ delivery: 'exactly-once', relay: 'beside the writers' },
  },
  {
    ...{ name: 'at-least-once, poked in process', metric: 'at_least_once_poked' },
    ...{ delivery: 'at-least-once', relay: 'beside the writers' },
  },
  ...(['wal', 'woken'] as const).flatMap((source) =>
    (['exactly-once', 'at-least-once'] as const).map((delivery) => ({
      ...{
        name: `${delivery}, ${source === 'wal' ? 'write-ahead log' : 'table woken by the log'}`,
        delivery,
      },
      ...{ metric: `${delivery.replaceAll('-', '_')}_${source}`, relay: 'own process' as const, source },
    })),
  ),
]

export interface LatencyFigures {
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Events a second that were really committed. */
  readonly rate: number
  /** Cores that a relay of its own kept busy. */
  readonly cores: number
}

/** Writer and consumer side by side, without the warm-up. */
export const joinFigures = (
  written: WriterFigures,
  arrived: ConsumerFigures,
): Omit<LatencyFigures, 'cores'> => {
  const at = new Map(arrived)
  const measured = written.slice(warmUpSeconds * perSecond)
  const milliseconds = measured
    .map(([id, committed]) => ((at.get(id) ?? Number.NaN) - committed) / 1000)
    .sort((a, b) => a - b)
  const seconds = ((measured.at(-1)?.[1] ?? 0) - (measured[0]?.[1] ?? 0)) / 1_000_000
  const [p50, p99] = [percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)]
  return { p50, p99, max: milliseconds.at(-1) ?? Number.NaN, rate: measured.length / seconds }
}

export const within = async <T>(milliseconds: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${milliseconds} ms`)), milliseconds)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Each case has a log, a topic and a relay of its own. */
const measureCase = async (
  bench: Bench,
  { delivery, relay, source = 'table' }: Case,
  seconds: number,
): Promise<LatencyFigures> => {
  const { tsx, servers } = bench
  const { databaseUrl, brokers } = servers
  const topic = await freshName(bench, 'latency')
  const schema = topic.replaceAll('-', '_')
  const database = pgDatabase({ url: databaseUrl, schema })
  await migrate(database).finally(() => database.close())
  const events = (warmUpSeconds + seconds) * perSecond
  const place = { name: topic, topic, delivery }
  const consumerInput: ConsumerInput = { brokers, topic, partitions, events }
  const consumer = startProgram<ConsumerInput, ConsumerFigures>('latency/consumer-process', consumerInput, {
    tsx,
  })
  const polling =
    relay === 'own process'
      ? startProgram<PollingRelayInput, PollingRelayFigures>(
          'latency/relay-process',
          { databaseUrl, schema, brokers, ...place, source },
          { tsx },
        )
      : undefined
  const load = { databaseUrl, schema, brokers, connections, perSecond, events }
  try {
    await within(60_000, Promise.all([consumer.ready, polling?.ready]))
    const writerInput: WriterInput = polling === undefined ? { ...load, relay: place } : load
    const writer = startProgram<WriterInput, WriterFigures>('latency/writer-process', writerInput, { tsx })
    const arrived = await within((seconds + 120) * 1000, consumer.figures)
    writer.finish()
    polling?.finish()
    const [written, polled] = await within(60_000, Promise.all([writer.figures, polling?.figures]))
    return { ...joinFigures(written, arrived), cores: polled?.cores ?? Number.NaN }
  } finally {
    consumer.kill()
    polling?.kill()
  }
}

const rowOf = (name: string, all: readonly LatencyFigures[]): (string | number)[] => [
  name,
  median(all.map(({ p50 }) => p50)),
  median(all.map(({ p99 }) => p99)),
  Math.max(...all.map(({ max }) => max)),
  median(all.map(({ rate }) => rate)),
  median(all.map(({ cores }) => cores)),
]

const measure = async (bench: Bench): Promise<Result> => {
  const rounds = bench.rounds ?? (bench.quick ? 1 : 3)
  const seconds = bench.quick ? 5 : 15
  const chosen = cases.filter(({ name }) => name.includes(bench.only))
  const found = new Map<string, LatencyFigures[]>(chosen.map(({ name }) => [name, []]))
  for (let index = 0; index < rounds; index += 1) {
    for (const one of chosen) {
      const figures = await measureCase(bench, one, seconds)
      found.get(one.name)?.push(figures)
      const { p50, p99 } = figures
      bench.say(`round ${index + 1} of ${rounds}, ${one.name}: p50 ${round(p50)} ms, p99 ${round(p99)} ms`)
    }
  }
  const metrics = chosen.flatMap(({ name, metric }) => {
    const all = found.get(name) ?? []
    return [
      [`${metric}_p50_ms`, median(all.map(({ p50 }) => p50))] as const,
      [`${metric}_p99_ms`, median(all.map(({ p99 }) => p99))] as const,
    ]
  })
  return {
    conditions: {
      load: `${perSecond} single-event transactions/s over ${connections} connections, open loop, ${partitions} partitions`,
      clock: 'the monotonic clock of the machine: from the reply to COMMIT to the record in the consumer',
      consumer: 'read_committed, in a process of its own',
      rounds: `${rounds} of ${seconds} s each after ${warmUpSeconds} s of warm-up, medians; max is of all rounds`,
    },
    tables: [
      {
        title: 'Milliseconds from COMMIT to a read_committed consumer',
        columns: ['relay', 'p50', 'p99', 'max', 'events/s', 'cores of the relay'],
        rows: [...found].map(([name, all]) => rowOf(name, all)),
      },
    ],
    metrics: Object.fromEntries(metrics),
    rounds: Object.fromEntries(found),
  }
}

export const latency: Benchmark = {
  name: 'latency',
  postgres: { wal_level: 'logical', max_replication_slots: '60', max_wal_senders: '60' },
  about: 'milliseconds from COMMIT to a read_committed consumer at 1,000 events a second',
  needsKafka: true,
  measure,
}
