import { kafka } from '../../../src/kafka/kafka.ts'
import { relayDefaults } from '../../../src/relay/relay.ts'
import { pageDefaults } from '../../../src/relay/table-source.ts'
import type { Bench } from '../benchmark.ts'
import { secondsSince, serverSeconds } from '../processes.ts'
import { runProgram } from '../program.ts'
import type { RelayTuning } from './open-relay.ts'
import type { ProduceFigures, ProduceInput } from './produce-process.ts'
import type { ProducerSettings } from './publishing.ts'
import type { ReadFigures, ReadInput } from './read-process.ts'
import type { RelayFigures, RelayInput } from './relay-process.ts'
import type { Backlog } from './seed.ts'

export const partitions = 4

export interface RelaySettings extends RelayTuning {
  readonly producer?: ProducerSettings
}

export interface Rate {
  readonly perSecond: number
  readonly seconds: number
  /** Seconds of CPU of the measured process, of PostgreSQL and of the broker. */
  readonly cpu: { readonly node: number; readonly postgres: number; readonly broker: number }
}

const measured = async <Figures extends { readonly seconds: number; readonly cpu: number }>(
  events: number,
  run: () => Promise<Figures>,
): Promise<Figures & { readonly rate: Rate }> => {
  const before = serverSeconds()
  const figures = await run()
  const { seconds, cpu } = figures
  const rate = { perSecond: events / seconds, seconds, cpu: { node: cpu, ...(await secondsSince(before)) } }
  return { ...figures, rate }
}

let used = 0

/** A topic that nothing was written to, and a name under which nothing was published. */
export const freshName = async ({ servers }: Bench, what: string): Promise<string> => {
  const name = `bench-${what}-${process.pid}-${++used}`
  const transport = kafka({ brokers: servers.brokers.split(',') })
  await transport.publishing.createTopics([{ name, partitions }])
  await transport.close()
  return name
}

export const drain = async (
  bench: Bench,
  backlog: Backlog,
  settings: RelaySettings = {},
  node: readonly string[] = [],
) => {
  const { servers, tsx } = bench
  const name = await freshName(bench, 'relay')
  const { databaseUrl, schema, events } = backlog
  const { brokers } = servers
  const until = String(events)
  const names = { topic: name, name, delivery: 'exactly-once' } as const
  const input: RelayInput = { databaseUrl, schema, brokers, until, ...names, ...settings }
  return measured(events, () =>
    runProgram<RelayInput, RelayFigures>('relay/relay-process', input, { tsx, node }),
  )
}

export const readAlone = ({ tsx }: Bench, { databaseUrl, schema, events }: Backlog) => {
  const input: ReadInput = { databaseUrl, schema, pageEvents: pageDefaults.events }
  return measured(events, () => runProgram<ReadInput, ReadFigures>('relay/read-process', input, { tsx }))
}

export const produceAlone = async (bench: Bench, backlog: Backlog, settings: RelaySettings = {}) => {
  const { servers, tsx } = bench
  const name = await freshName(bench, 'produce')
  const { databaseUrl, schema, events } = backlog
  const input: ProduceInput = {
    ...{ databaseUrl, schema, brokers: servers.brokers, topic: name, name },
    transactionEvents: settings.settleAfter ?? relayDefaults.settleAfter,
    ...(settings.producer === undefined ? {} : { producer: settings.producer }),
  }
  const node = ['--max-old-space-size=8192']
  return measured(events, () =>
    runProgram<ProduceInput, ProduceFigures>('relay/produce-process', input, { tsx, node }),
  )
}
