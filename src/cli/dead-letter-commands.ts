import type { Command } from 'commander'
import { type DeadLetterGroup, deadLetterGroups } from '../admin/dead-letter-groups.ts'
import { type DeadLetterReport, deadLetterReport, deadLetters } from '../admin/dead-letters.ts'
import { type Quarantine, quarantines } from '../admin/quarantines.ts'
import { bytesText } from './amounts.ts'
import { columns } from './columns.ts'
import { limitOf, namedBy, numberOf, withNames } from './dead-letter-options.ts'
import { deadLetterTable, shown } from './dead-letter-table.ts'
import { examples } from './examples.ts'
import type { Outcome } from './outcome.ts'
import type { CommandGroup, Run, Task } from './run-command.ts'

const groupHeading = ['FINGERPRINT', 'READER', 'PARKED', 'WAITING', 'KEYS', 'FIRST', 'LAST', 'CODE', 'CAUSE']

const groupRow = (group: DeadLetterGroup): readonly string[] => [
  group.fingerprint,
  group.reader,
  String(group.parked),
  String(group.waiting),
  String(group.quarantines),
  group.first,
  group.last,
  group.code,
  shown(group.cause),
]

const group = async ({ database, options }: Task): Promise<Outcome> => {
  const groups = await deadLetterGroups(database, namedBy(options))
  const text = groups.length === 0 ? 'no dead letters' : columns(groupHeading, groups.map(groupRow))
  return { json: { groups }, text, healthy: groups.length === 0 }
}

const list = async (task: Task): Promise<Outcome> => {
  const { database, options } = task
  if (options['grouped'] === true) return group(task)
  const states = options['all'] === true ? (['parked', 'held', 'released'] as const) : (['parked'] as const)
  const limit = Number(options['limit'])
  const letters = await deadLetters(database, { ...namedBy(options), states, limit })
  const more = letters.length === limit ? `\n\nthe first ${limit}; --limit shows more` : ''
  return {
    json: { deadLetters: letters },
    text: `${deadLetterTable(letters)}${more}`,
    healthy: letters.length === 0,
  }
}

const fieldLines = (fields: object): readonly string[] =>
  Object.entries(fields).map(
    ([name, field]: readonly [string, unknown]) =>
      `${name}: ${field instanceof Date ? field.toISOString() : (field ?? '-')}`,
  )

const reportText = ({ value, editedValue, headers, deeds, ...rest }: DeadLetterReport): string =>
  [
    ...fieldLines(rest),
    ...deeds.map(
      ({ at, actor, operation, reason }) =>
        `${operation} at ${at} by ${actor}${reason === null ? '' : `: ${reason}`}`,
    ),
    ...headers.map(([name, field]) => `header ${name}: ${field ?? 'null'}`),
    `value: ${value ?? 'null'}`,
    ...(editedValue === null ? [] : [`delivered instead: ${editedValue}`]),
  ].join('\n')

const show = async ({ database, parameters }: Task): Promise<Outcome> => {
  const report = await deadLetterReport(database, numberOf(parameters[0] ?? ''))
  const { value, editedValue } = report
  const json = { ...report, value: value?.toString() ?? null, editedValue: editedValue?.toString() }
  return { json, text: reportText(report) }
}

const quarantineHeading = [
  ...['QUARANTINE', 'READER', 'SCOPE', 'TOPIC', 'SUBJECT'],
  ...['PARKED', 'HELD', 'RELEASED', 'SIZE', 'SINCE'],
]

const quarantineRow = (one: Quarantine): readonly string[] => [
  String(one.number),
  one.reader,
  one.scope,
  one.topic,
  shown(one.subject),
  String(one.parked),
  String(one.held),
  String(one.released),
  bytesText(one.bytes),
  one.since.toISOString(),
]

const listQuarantines = async ({ database, options }: Task): Promise<Outcome> => {
  const limit = Number(options['limit'])
  const { relay, consumer, key } = namedBy(options)
  const found = await quarantines(database, {
    limit,
    ...(relay === undefined ? {} : { relay }),
    ...(consumer === undefined ? {} : { consumer }),
    ...(key === undefined ? {} : { key }),
  })
  const text = found.length === 0 ? 'no quarantines' : columns(quarantineHeading, found.map(quarantineRow))
  return { json: { quarantines: found }, text, healthy: found.length === 0 }
}

const listCommand = (parent: Command, run: Run): void => {
  const command = withNames(parent.command('list'))
    .description('What could not be delivered, the oldest first')
    .option('--all', 'what waits behind it, too')
    .option('--grouped', 'by kind of error, the most frequent first')
    .option('--limit <number>', 'how many at most', limitOf, 100)
    .addHelpText(
      'after',
      examples(
        ['onewrite dead-letters list', 'what is parked; the exit code is 3 where anything is'],
        ['onewrite dead-letters list --grouped', 'which errors there are, and what each holds back'],
        ['onewrite dead-letters list --consumer inventory --key order-1 --all', 'and what waits behind it'],
      ),
    )
  run(command, list)
}

const showCommand = (parent: Command, run: Run): void => {
  const command = parent
    .command('show')
    .description('One dead letter with its content, and what was done about it')
    .argument('<number>', 'as listed')
  run(command, show)
}

const quarantineCommand = (parent: Command, run: Run): void => {
  const command = parent
    .command('quarantines')
    .description('The queues of what is parked and of what waits behind it, the oldest first')
    .option('--relay <name>', 'of this relay, its shards included')
    .option('--consumer <name>', 'of this consumer')
    .option('--key <key>', 'of this key')
    .option('--limit <number>', 'how many at most', limitOf, 100)
    .addHelpText(
      'after',
      examples(
        ['onewrite dead-letters quarantines', 'which keys wait; the exit code is 3 where any does'],
        ['onewrite dead-letters redrive --quarantine 7', 'what releasing one of them would mean'],
      ),
    )
  run(command, listQuarantines)
}

/** Below `onewrite dead-letters`: what could not be delivered. */
export const deadLetterCommands: CommandGroup = (parent, run) => {
  listCommand(parent, run)
  showCommand(parent, run)
  quarantineCommand(parent, run)
}
