import type { Command } from 'commander'
import type { ConsumerLag } from '../admin/consumer-facts.ts'
import { type ConsumerStatus, type ConsumersStatus, consumerStatus } from '../admin/consumer-status.ts'
import { countText, secondsText } from './amounts.ts'
import { columns } from './columns.ts'
import { textOf } from './dead-letter-options.ts'
import { examples } from './examples.ts'
import type { Run } from './run-command.ts'

const heading = ['CONSUMER', 'PARTITIONS', 'LAG', 'OLDEST', 'RETRIES', 'PARKED', 'HELD', 'RELEASED']

const eventsText = ({ events }: ConsumerLag): string => (events === undefined ? '-' : `${events} events`)
const oldestText = ({ seconds }: ConsumerLag): string => (seconds === 0 ? '-' : secondsText(seconds))

const row = ({ name, partitions, lag, retries, quarantine }: ConsumerStatus): readonly string[] => [
  name,
  `${partitions.filter(({ state }) => state === 'reading').length} of ${partitions.length} read`,
  eventsText(lag),
  oldestText(lag),
  String(retries),
  String(quarantine.parked),
  String(quarantine.held),
  String(quarantine.released),
]

const partitionHeading = ['PARTITION', 'CONSUMER', 'STATE', 'SETTLED', 'END', 'LAG', 'OLDEST', 'OWNER']

const partitionRows = ({ name, partitions }: ConsumerStatus): readonly (readonly string[])[] =>
  partitions.map((partition) => [
    partition.name,
    name,
    partition.state,
    String(partition.settled ?? '-'),
    String(partition.end ?? '-'),
    eventsText(partition.lag),
    oldestText(partition.lag),
    partition.owner,
  ])

const problemLines = ({ name, problems }: ConsumerStatus): readonly string[] =>
  problems.flatMap(({ problem, fix }) => [`problem: ${name}: ${problem}`, `fix:     ${fix}`])

/** The same for `onewrite status`, which leaves the partitions out. */
export const consumersText = ({ consumers }: ConsumersStatus): string => {
  const notes = consumers.flatMap(problemLines)
  return [columns(heading, consumers.map(row)), ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')
}

const lagText = (status: ConsumersStatus): string => {
  const { consumers } = status
  if (consumers.length === 0) return 'no consumer has ever run'
  const partitions = consumers.flatMap(partitionRows)
  return [
    ...(partitions.length === 0 ? [] : [columns(partitionHeading, partitions), '']),
    consumersText(status),
    '',
    countText(consumers.length, 'consumer'),
  ].join('\n')
}

export const lagCommands = (parent: Command, run: Run): void => {
  const command = parent
    .command('lag')
    .description('How far each consumer is behind, partition by partition, and what it holds back')
    .option('--consumer <name>', 'of this one')
    .addHelpText(
      'after',
      `
From PostgreSQL alone: the transport is not asked. LAG counts offsets, so the marks of Kafka's transactions count; of
the log it is estimated from positions. OLDEST is the age of the oldest record in hand. A partition whose owner was
not heard of for 30 seconds is silent.
${examples(
  ['onewrite lag', 'all consumers; the exit code is 3 where one has a problem'],
  ['onewrite lag --consumer inventory --json', 'one of them, for a script'],
)}`,
    )
  run(command, async ({ database, options }) => {
    const consumer = textOf(options, 'consumer')
    const status = await consumerStatus(database, consumer === undefined ? {} : { consumer })
    return { json: status, text: lagText(status), healthy: status.healthy }
  })
}
