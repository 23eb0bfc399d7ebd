import type { Command } from 'commander'
import type { CheckResult, CheckStatus } from '../admin/check.ts'
import { type Diagnosis, doctor } from '../admin/doctor.ts'
import { countText } from './amounts.ts'
import { examples } from './examples.ts'
import { addKafkaOptions, kafkaOptionsOf, listOf } from './kafka-options.ts'
import type { Outcome } from './outcome.ts'
import type { Run, Task } from './run-command.ts'

const marks: Readonly<Record<CheckStatus, string>> = {
  ok: 'ok      ',
  warning: 'warning ',
  problem: 'PROBLEM ',
  skipped: 'skipped ',
}

const width = Math.max(...Object.values(marks).map(({ length }) => length))

const lines = ({ name, status, message, fix }: CheckResult): readonly string[] => [
  `${marks[status]} ${name}: ${message}`,
  ...(fix === undefined ? [] : [`${' '.repeat(width)} fix: ${fix}`]),
]

const text = ({ checks, counts }: Diagnosis): string =>
  [
    ...checks.flatMap(lines),
    '',
    [
      countText(counts.problem, 'problem'),
      countText(counts.warning, 'warning'),
      `${counts.ok} ok`,
      `${counts.skipped} skipped`,
    ].join(', '),
  ].join('\n')

export const doctorCommands = (parent: Command, run: Run): void => {
  const command = parent
    .command('doctor')
    .description(
      'Check what has to be right for events to be recorded and published, and how to put it right',
    )
    .addHelpText(
      'after',
      `
Credentials for Kafka: KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, KAFKA_SASL_MECHANISM (default plain).
${examples(
  ['onewrite doctor', 'the database, as the role of this URL sees it'],
  ['onewrite doctor --brokers kafka:9092 --topics order.events', 'the brokers and the topics, too'],
  ['onewrite doctor --json', 'for a script; the exit code is 3 where there is a problem'],
)}`,
    )
  const look = async ({ database, options, env, progress }: Task): Promise<Outcome> => {
    const brokers = kafkaOptionsOf(options, env)
    const diagnosis = await doctor({
      database,
      ...(brokers === undefined ? {} : { kafka: { options: brokers, topics: listOf(options['topics']) } }),
      progress: (check) => progress(`checking ${check}`),
    })
    return { json: diagnosis, text: text(diagnosis), healthy: diagnosis.healthy }
  }
  run(addKafkaOptions(command), look, { anySchema: true })
}
