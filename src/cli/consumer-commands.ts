import type { Command } from 'commander'
import { type ForgottenConsumer, forgetConsumer } from '../admin/forget-consumer.ts'
import { type Notification, readNotifications } from '../consumer/read-notifications.ts'
import { countText } from './amounts.ts'
import { columns } from './columns.ts'
import { decisionOf, limitOf, textOf } from './dead-letter-options.ts'
import { shown } from './dead-letter-table.ts'
import { examples } from './examples.ts'
import type { Outcome } from './outcome.ts'
import type { CommandGroup, Run, Task } from './run-command.ts'

const forgottenText = ({ name, dryRun, ...found }: ForgottenConsumer): string =>
  `${dryRun ? 'would forget' : 'forgot'} ${name}: ${[
    countText(found.partitions, 'partition'),
    countText(found.retries, 'event to try again', 'events to try again'),
    `${countText(found.deadLetters, 'dead letter')} to discard`,
    countText(found.notifications, 'notification'),
  ].join(', ')}`

const forget = async ({ database, options, parameters }: Task): Promise<Outcome> => {
  const [name = ''] = parameters
  const { actor } = decisionOf(options)
  const forgotten = await forgetConsumer(database, { name, actor, dryRun: options['dryRun'] === true })
  return { json: forgotten, text: forgottenText(forgotten) }
}

const heading = ['EVENT', 'CONSUMER', 'STATUS', 'ATTEMPTS', 'TYPE', 'TOPIC', 'UPDATED', 'CODE', 'CAUSE']

const row = (found: Notification): readonly string[] => [
  found.eventId,
  found.consumer,
  found.status,
  String(found.attempts),
  found.eventType ?? '-',
  found.topic,
  found.updatedAt.toISOString(),
  found.errorCode ?? '-',
  shown(found.cause),
]

const list = async ({ database, options }: Task): Promise<Outcome> => {
  const [consumer, eventId, topic] = ['consumer', 'event', 'topic'].map((name) => textOf(options, name))
  const notifications = await readNotifications(database, {
    limit: Number(options['limit']),
    ...(consumer === undefined ? {} : { consumer }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(topic === undefined ? {} : { topic }),
  })
  const text = notifications.length === 0 ? 'no notifications' : columns(heading, notifications.map(row))
  return { json: { notifications }, text }
}

const forgetCommand = (parent: Command, run: Run): void => {
  const command = parent
    .command('forget')
    .description('Forget a consumer that is gone for good, and discard what it could not handle')
    .argument('<name>', 'name of the consumer')
    .option('--actor <name>', 'who decides, for the audit (default: the user of this machine)')
    .option('--dry-run', 'only say what would be forgotten')
    .addHelpText(
      'after',
      `
Refused while an instance of it was heard of within 30 seconds. One of this name begins anew and remembers nothing: what
it reads again takes effect again. Its group in Kafka is left to Kafka.
${examples(
  ['onewrite consumer forget old-mail --dry-run', 'what would be forgotten'],
  ['onewrite consumer forget old-mail', 'nothing is held back for it any more'],
)}`,
    )
  run(command, forget)
}

const notificationCommand = (parent: Command, run: Run): void => {
  const command = parent
    .command('notifications')
    .description('What became of events, the latest first, where a consumer keeps notifications')
    .option('--consumer <name>', 'at this consumer')
    .option('--event <id>', 'of this event')
    .option('--topic <name>', 'of this topic')
    .option('--limit <number>', 'how many at most', limitOf, 100)
    .addHelpText(
      'after',
      examples(
        [
          'onewrite consumer notifications --event 01a1ff0b-490c-7662-8f5c-a5cc151ed640',
          'what every consumer did',
        ],
        ['onewrite consumer notifications --consumer inventory', 'what one did lately'],
      ),
    )
  run(command, list)
}

/** Below `onewrite consumer`. */
export const consumerCommands: CommandGroup = (parent, run) => {
  forgetCommand(parent, run)
  notificationCommand(parent, run)
}
