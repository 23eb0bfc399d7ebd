import { until } from '../../../stack/src/until.ts'
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
import { freshLog, type RelaySourceName, slotOf } from './against-drain.ts'
import type { Debezium } from './debezium.ts'
import { freshName, partitions } from './drain.ts'
import type { OutboxTable } from './outbox-table.ts'
import type { OutboxWriterInput } from './outbox-writer-process.ts'

type Delivery = 'exactly-once' | 'at-least-once'

/** A relay that is running, and what writes for it. */
interface Running {
  startWriter(events: number): Program<WriterFigures>
  /** Ends it; resolves with the cores it kept busy. */
  stop(): Promise<number>
  /** After a failure: nothing may keep this process alive. */
  kill(): void
}

export interface LatencySide {
  readonly name: string
  readonly metric: string
  start(topic: string): Promise<Running>
}

const outboxWriter = ({ servers, tsx }: Bench, events: number): Program<WriterFigures> => {
  const input = { databaseUrl: servers.databaseUrl, connections, perSecond, events }
  return startProgram<OutboxWriterInput, WriterFigures>('relay/outbox-writer-process', input, { tsx })
}

export const debeziumLatency = (bench: Bench, debezium: Debezium): LatencySide => ({
  name: `Debezium, ${debezium.tuning}`,
  metric: `debezium_${debezium.tuning}`,
  start: async (topic) => {
    const slot = slotOf(topic)
    const { pid } = debezium.connect
    await debezium.open(slot, topic)
    const [cpu, started] = [secondsOf(pid), performance.now()]
    return {
      startWriter: (events) => outboxWriter(bench, events),
      stop: async () => {
        const cores = (secondsOf(pid) - cpu) / ((performance.now() - started) / 1000)
        await debezium.close(slot)
        return cores
      },
      kill: () => undefined,
    }
  },
})

const sourceNames = { outbox: 'the same outbox', table: 'log by table', wal: 'log by WAL' } as const

export const relayLatency = (
  bench: Bench,
  table: OutboxTable,
  source: RelaySourceName,
  delivery: Delivery,
): LatencySide => ({
  name: `onewrite, ${sourceNames[source]}, ${delivery}`,
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
    // A slot only hears of what is committed after it was made.
    const reads = async (): Promise<boolean> => source !== 'outbox' || table.slotActive(slotOf(topic))
    if (!(await until(reads, 60_000))) throw new Error('the relay does not read the outbox')
    return {
      startWriter: (events) =>
        source === 'outbox'
          ? outboxWriter(bench, events)
          : startProgram<WriterInput, WriterFigures>(
              'latency/writer-process',
              { databaseUrl, schema, brokers: servers.brokers, connections, perSecond, events },
              { tsx },
            ),
      stop: async () => {
        relay.finish()
        const { cores } = await within(60_000, relay.figures).finally(() => relay.kill())
        if (source === 'outbox') await table.dropSlot(slotOf(topic))
        await log.drop()
        return cores
      },
      kill: () => relay.kill(),
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
    // A writer that fails is told at once: without it the consumer would wait for nothing.
    const arriving = Promise.race([consumer.figures, writer.figures.then(() => consumer.figures)])
    const arrived = await within((seconds + 120) * 1000, arriving)
    const written = await within(60_000, writer.figures)
    return { ...joinFigures(written, arrived), cores: await running.stop() }
  } finally {
    consumer.kill()
    running.kill()
  }
}
