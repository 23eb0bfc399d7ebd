import type { Bench } from '../benchmark.ts'
import type { ConsumerFigures, ConsumerInput } from '../latency/consumer-process.ts'
import {
  connections,
  joinFigures,
  type LatencyFigures,
  perSecond,
  warmUpSeconds,
  within,
} from '../latency/latency.ts'
import type { PollingRelayFigures, PollingRelayInput } from '../latency/relay-process.ts'
import type { WriterFigures, WriterInput } from '../latency/writer-process.ts'
import { secondsOf } from '../processes.ts'
import { type Program, startProgram } from '../program.ts'
import { freshLog, type RelaySourceName } from './against-drain.ts'
import type { Debezium } from './debezium.ts'
import { freshName, partitions } from './drain.ts'
import type { OutboxWriterInput } from './outbox-writer-process.ts'

type Delivery = 'exactly-once' | 'at-least-once'

/** A relay that is running, and what writes for it. */
interface Running {
  startWriter(events: number): Program<WriterFigures>
  /** Ends it; resolves with the cores it kept busy. */
  stop(): Promise<number>
}

export interface LatencySide {
  readonly name: string
  readonly metric: string
  start(topic: string): Promise<Running>
}

export const debeziumLatency = (bench: Bench, debezium: Debezium): LatencySide => ({
  name: `Debezium, ${debezium.tuning}`,
  metric: `debezium_${debezium.tuning}`,
  start: async (topic) => {
    const slot = topic.replaceAll('-', '_')
    const { pid } = debezium.connect
    await debezium.open(slot, topic)
    const [cpu, started] = [secondsOf(pid), performance.now()]
    return {
      startWriter: (events) =>
        startProgram<OutboxWriterInput, WriterFigures>(
          'relay/outbox-writer-process',
          { databaseUrl: bench.servers.databaseUrl, connections, perSecond, events },
          { tsx: bench.tsx },
        ),
      stop: async () => {
        const cores = (secondsOf(pid) - cpu) / ((performance.now() - started) / 1000)
        await debezium.close(slot)
        return cores
      },
    }
  },
})

export const relayLatency = (bench: Bench, source: RelaySourceName, delivery: Delivery): LatencySide => ({
  name: `onewrite, ${source}, ${delivery}`,
  metric: `${source}_${delivery.replaceAll('-', '_')}`,
  start: async (topic) => {
    const { tsx, servers } = bench
    const log = await freshLog(bench)
    const { databaseUrl, schema } = log
    const place = { databaseUrl, schema, brokers: servers.brokers, name: topic, topic, delivery, source }
    const relay = startProgram<PollingRelayInput, PollingRelayFigures>('latency/relay-process', place, {
      tsx,
    })
    await within(60_000, relay.ready)
    return {
      startWriter: (events) =>
        startProgram<WriterInput, WriterFigures>(
          'latency/writer-process',
          { databaseUrl, schema, brokers: servers.brokers, connections, perSecond, events },
          { tsx },
        ),
      stop: async () => {
        relay.finish()
        const { cores } = await within(60_000, relay.figures).finally(() => relay.kill())
        await log.drop()
        return cores
      },
    }
  },
})

/** Milliseconds from the reply to COMMIT to a read_committed consumer, the same for every side. */
export const measureLatency = async (
  bench: Bench,
  side: LatencySide,
  seconds: number,
): Promise<LatencyFigures> => {
  const { tsx, servers } = bench
  const topic = await freshName(bench, 'latency')
  const events = (warmUpSeconds + seconds) * perSecond
  const running = await side.start(topic)
  const consumer = startProgram<ConsumerInput, ConsumerFigures>(
    'latency/consumer-process',
    { brokers: servers.brokers, topic, partitions, events },
    { tsx },
  )
  try {
    await within(60_000, consumer.ready)
    const writer = running.startWriter(events)
    const arrived = await within((seconds + 120) * 1000, consumer.figures)
    const written = await within(60_000, writer.figures)
    return { ...joinFigures(written, arrived), cores: await running.stop() }
  } finally {
    consumer.kill()
  }
}
