import { until } from '../../../stack/src/until.ts'
import type { Bench } from '../benchmark.ts'
import { secondsOf, serverSeconds } from '../processes.ts'
import { runProgram, startProgram } from '../program.ts'
import type { Debezium } from './debezium.ts'
import { freshName, produceAlone, type Rate, readAlone } from './drain.ts'
import { type LogTable, openLogTable } from './log-table.ts'
import type { OutboxTable } from './outbox-table.ts'
import type { RelayFigures, RelayInput } from './relay-process.ts'
import { countTopic } from './topic-count.ts'

export type RelaySourceName = 'table' | 'wal' | 'outbox'

/** What a side needed between the first record in Kafka and the last one that a read_committed reader could see. */
export interface Drain {
  readonly perSecond: number
  readonly seconds: number
  /** From being let go to the last record, with whatever its start takes. */
  readonly whole: number
  /** Microseconds of CPU per event: of the relay or the JVM, and of PostgreSQL. */
  readonly cpu: { readonly relay: number; readonly postgres: number }
  /** MiB resident at most so far. */
  readonly memory: number
}

/** Rows that show a connector works before its backlog is written. */
export const warmRows = 1_000

interface Watched {
  readonly perSecond: number
  readonly seconds: number
  readonly whole: number
}

/** Lets a side go and watches its topic grow from `before` by `events`. */
const watchDrain = async (
  { brokers, topic, before, events }: { brokers: string; topic: string; before: number; events: number },
  letGo: () => Promise<void>,
): Promise<Watched> => {
  const topicCount = await countTopic(brokers, topic)
  try {
    const start = performance.now()
    const [, first, last] = await Promise.all([
      letGo(),
      topicCount.reaches(before + 1, 'read_uncommitted'),
      topicCount.reaches(before + events, 'read_committed'),
    ])
    const seconds = (last.at - first.at) / 1000
    return { seconds, perSecond: (before + events - first.count) / seconds, whole: (last.at - start) / 1000 }
  } finally {
    await topicCount.close()
  }
}

export const slotOf = (topic: string): string => topic.replaceAll('-', '_')

/** A connector that has published a little and then stopped; its slot keeps what is written from now on. */
export const prepareDebezium = async (
  bench: Bench,
  debezium: Debezium,
  table: OutboxTable,
): Promise<string> => {
  const topic = await freshName(bench, `debezium-${debezium.tuning}`)
  const topicCount = await countTopic(bench.servers.brokers, topic)
  await debezium.open(slotOf(topic), topic)
  await table.fill(warmRows)
  await topicCount.reaches(warmRows, 'read_committed')
  await topicCount.close()
  await debezium.pause(slotOf(topic))
  return topic
}

export const drainDebezium = async (
  bench: Bench,
  debezium: Debezium,
  topic: string,
  events: number,
): Promise<Drain> => {
  const { connect } = debezium
  const cpuBefore = { jvm: secondsOf(connect.pid), postgres: serverSeconds().postgres }
  const before = await countNow(bench, topic)
  const watched = await watchDrain({ brokers: bench.servers.brokers, topic, before, events }, () =>
    debezium.resume(slotOf(topic)),
  )
  const relay = secondsOf(connect.pid) - cpuBefore.jvm
  await debezium.close(slotOf(topic))
  const postgres = serverSeconds().postgres - cpuBefore.postgres
  const { most: memory } = await connect.memory()
  return { ...watched, cpu: perEvent({ relay, postgres }, events), memory }
}

const countNow = async (bench: Bench, topic: string): Promise<number> => {
  const topicCount = await countTopic(bench.servers.brokers, topic)
  return topicCount.now('read_uncommitted').finally(() => topicCount.close())
}

const perEvent = (cpu: Drain['cpu'], events: number): Drain['cpu'] => ({
  relay: (cpu.relay / events) * 1_000_000,
  postgres: (cpu.postgres / events) * 1_000_000,
})

const relayInput = (
  bench: Bench,
  log: LogTable,
  topic: string,
  source: RelaySourceName,
): Omit<RelayInput, 'until'> => ({
  ...{ databaseUrl: log.databaseUrl, schema: log.schema, brokers: bench.servers.brokers },
  ...{ name: topic, topic, delivery: 'exactly-once', source },
})

/** A relay with a slot of its own that reads the write-ahead log, and then stopped. */
export const enterWal = async (bench: Bench, log: LogTable): Promise<string> => {
  const topic = await freshName(bench, 'wal')
  const input: RelayInput = { ...relayInput(bench, log, topic, 'wal'), until: 'wal' }
  const program = startProgram<RelayInput, RelayFigures>('relay/relay-process', input, { tsx: bench.tsx })
  let entered = false
  const figures = program.figures.finally(() => {
    entered = true
  })
  figures.catch(() => undefined)
  // Something has to be committed for a checkpoint to be written there.
  while (!entered) {
    await log.fill(10, 10)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  await figures
  return topic
}

/** A relay that has published a little of the outbox and then stopped; its slot keeps what is written from now on. */
export const prepareOutbox = async (bench: Bench, log: LogTable, table: OutboxTable): Promise<string> => {
  const topic = await freshName(bench, 'outbox')
  const input: RelayInput = { ...relayInput(bench, log, topic, 'outbox'), until: { records: warmRows } }
  const program = startProgram<RelayInput, RelayFigures>('relay/relay-process', input, { tsx: bench.tsx })
  const reads = (): Promise<boolean> => table.slotActive(slotOf(topic))
  if (!(await until(reads, 60_000))) throw new Error('the relay does not read the outbox')
  await table.fill(warmRows)
  await program.figures
  return topic
}

export interface Backlog {
  readonly until: RelayInput['until']
  /** That wait for the relay. */
  readonly events: number
}

export const drainRelay = async (
  bench: Bench,
  log: LogTable,
  source: RelaySourceName,
  topic: string,
  { until: end, events }: Backlog,
): Promise<Drain & { readonly own: number }> => {
  const postgresBefore = serverSeconds().postgres
  const before = await countNow(bench, topic)
  const input: RelayInput = { ...relayInput(bench, log, topic, source), until: end }
  let figures: RelayFigures | undefined
  const watched = await watchDrain({ brokers: bench.servers.brokers, topic, before, events }, async () => {
    figures = await runProgram<RelayInput, RelayFigures>('relay/relay-process', input, { tsx: bench.tsx })
  })
  if (figures === undefined) throw new Error('the relay gave no figures')
  const postgres = serverSeconds().postgres - postgresBefore
  const cpu = perEvent({ relay: figures.cpu, postgres }, events)
  return { ...watched, cpu, memory: figures.memory, own: events / figures.seconds }
}

export interface Limits {
  readonly read: Rate
  readonly produce: Rate
}

/** What reading and producing alone would allow, of the same log. */
export const limitsOf = async (bench: Bench, log: LogTable, events: number): Promise<Limits> => {
  const backlog = { databaseUrl: log.databaseUrl, schema: log.schema, events, aggregates: 1_000, unit: 10 }
  const read = await readAlone(bench, backlog)
  const produce = await produceAlone(bench, backlog)
  return { read: read.rate, produce: produce.rate }
}

let logs = 0

export const freshLog = ({ servers }: Bench): Promise<LogTable> =>
  openLogTable(servers.databaseUrl, `bench_against_${++logs}`)
