import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { type Command, InvalidArgumentError } from 'commander'
import {
  discardRelayDeadLetter,
  editRelayDeadLetter,
  listRelayDeadLetters,
  type RelayDeadLetters,
  redriveRelay,
  showRelayDeadLetter,
} from '../admin/dead-letters.ts'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import { columns } from './columns.ts'
import { examples } from './examples.ts'
import type { Outcome } from './outcome.ts'
import type { CommandGroup, Run, Task } from './run-command.ts'

const numberOf = (text: string): bigint => {
  if (/^[1-9]\d{0,18}$/.test(text)) return BigInt(text)
  throw new InvalidArgumentError('It is not the number of a dead letter.')
}

const limitOf = (text: string): number => {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is not a whole number from 1.')
}

type Options = Task['options']

const textOf = (options: Options, name: string): string | undefined => {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

const idOf = (options: Options): bigint | undefined => {
  const { id } = options
  return typeof id === 'bigint' ? id : undefined
}

const namedBy = (options: Options): RelayDeadLetters => {
  const [relay, topic, key] = [textOf(options, 'relay'), textOf(options, 'topic'), textOf(options, 'key')]
  const [fingerprint, number] = [textOf(options, 'fingerprint'), idOf(options)]
  return {
    ...(relay === undefined ? {} : { relay }),
    ...(topic === undefined ? {} : { topic }),
    ...(key === undefined ? {} : { key }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(number === undefined ? {} : { number }),
  }
}

const actorOf = (options: Options): string => textOf(options, 'actor') ?? userInfo().username

const heading = ['ID', 'READER', 'TOPIC', 'KEY', 'STATE', 'ATTEMPTS', 'SINCE', 'FINGERPRINT', 'CAUSE']

const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text)

const row = (letter: DeadLetter): readonly string[] => [
  String(letter.number),
  letter.reader,
  letter.topic,
  shown(letter.key ?? '-'),
  letter.state,
  String(letter.attempts),
  letter.setAsideAt.toISOString(),
  letter.fingerprint ?? '-',
  shown(letter.cause ?? '-'),
]

const tableText = (letters: readonly DeadLetter[]): string =>
  letters.length === 0 ? 'no dead letters' : columns(heading, letters.map(row))

const list = async ({ database, options }: Task): Promise<Outcome> => {
  const states = options['all'] === true ? (['parked', 'held', 'released'] as const) : (['parked'] as const)
  const limit = typeof options['limit'] === 'number' ? options['limit'] : 100
  const letters = await listRelayDeadLetters(database, { ...namedBy(options), states, limit })
  return { json: { deadLetters: letters }, text: tableText(letters), healthy: letters.length === 0 }
}

const show = async ({ database, parameters }: Task): Promise<Outcome> => {
  const letter = await showRelayDeadLetter(database, numberOf(parameters[0] ?? ''))
  const { value, editedValue, headers, ...rest } = letter
  const json = { ...rest, headers, value: value?.toString() ?? null, editedValue: editedValue?.toString() }
  const lines = [
    ...Object.entries(rest).map(([name, field]) => `${name}: ${field ?? '-'}`),
    ...headers.map(([name, field]) => `header ${name}: ${field ?? 'null'}`),
    `value: ${value ?? 'null'}`,
    ...(editedValue === null ? [] : [`sent instead: ${editedValue}`]),
  ]
  return { json, text: lines.join('\n') }
}

const refuseNothingNamed = (options: Options): void => {
  if (options['all'] === true || Object.keys(namedBy(options)).length > 0) return
  throw new OnewriteError('INVALID_USAGE', {
    fault: 'nothing is named',
    fix: 'Give --relay, --topic, --key, --fingerprint or --id, or --all.',
  })
}

const redriveNamed = async ({ database, options }: Task): Promise<Outcome> => {
  refuseNothingNamed(options)
  const reason = textOf(options, 'reason')
  const report = await redriveRelay(database, namedBy(options), {
    actor: actorOf(options),
    dryRun: options['dryRun'] === true,
    ...(reason === undefined ? {} : { reason }),
  })
  const { released, following, dryRun } = report
  const what = `${released.length} parked, and ${following} waiting behind them`
  const text = `${dryRun ? 'would release' : 'released'} ${what}${released.length > 0 ? `\n\n${tableText(released)}` : ''}`
  return { json: report, text }
}

const discardOne = async ({ database, options }: Task): Promise<Outcome> => {
  const [number, reason] = [idOf(options) ?? 0n, textOf(options, 'reason') ?? '']
  const letter = await discardRelayDeadLetter(database, number, { actor: actorOf(options), reason })
  return {
    json: letter,
    text: `discarded ${letter.number} of key ${letter.key ?? '-'}; what waits behind it follows`,
  }
}

const editOne = async ({ database, options }: Task): Promise<Outcome> => {
  const [number, file] = [idOf(options) ?? 0n, textOf(options, 'value')]
  const reason = textOf(options, 'reason')
  const value = file === undefined ? null : await readFile(file)
  await editRelayDeadLetter(database, number, value, {
    actor: actorOf(options),
    ...(reason === undefined ? {} : { reason }),
  })
  const text =
    value === null ? `${number} sends what it came with` : `${number} sends ${value.length} bytes of ${file}`
  return { json: { number, bytes: value?.length ?? null }, text }
}

const withNames = (command: Command): Command =>
  command
    .option('--relay <name>', 'of this relay, its shards included')
    .option('--topic <name>', 'for this topic')
    .option('--key <key>', 'of this key')
    .option('--fingerprint <text>', 'that failed with this kind of error')

const withDecision = (command: Command): Command =>
  command.option('--actor <name>', 'who decides, for the audit (default: the user of this machine)')

const listCommands = (parent: Command, run: Run): void => {
  const listing = withNames(parent.command('dead-letters'))
    .description('Records that the transport refused for good, the oldest first')
    .option('--all', 'what waits behind them, too')
    .option('--limit <number>', 'how many at most', limitOf, 100)
    .addHelpText(
      'after',
      examples(
        ['onewrite relay dead-letters', 'what is parked; the exit code is 3 where anything is'],
        ['onewrite relay dead-letters --key order-1 --all', 'and what waits behind it'],
      ),
    )
  run(listing, list)
  const showing = parent
    .command('dead-letter')
    .description('One of them with its content')
    .argument('<id>', 'as listed')
  run(showing, show)
}

const decisionCommands = (parent: Command, run: Run): void => {
  const redriving = withDecision(withNames(parent.command('redrive')))
    .description('Send parked records again, then what waits behind them, in order')
    .option('--id <id>', 'this one', numberOf)
    .option('--all', 'everything that is parked')
    .option('--reason <text>', 'for the audit')
    .option('--dry-run', 'only say what would be released')
    .addHelpText(
      'after',
      `
The relay that leads sends them within a second; where none runs, the next one does. What is refused again is parked
again and stays first. Doing it twice has the effect of once.
${examples(
  ['onewrite relay redrive --fingerprint 3f9a1c20b7d4 --dry-run', 'what one kind of error holds back'],
  ['onewrite relay redrive --key order-1', 'release one key'],
)}`,
    )
  run(redriving, redriveNamed)
  const discarding = withDecision(parent.command('discard'))
    .description('Give a parked record up; what waits behind it follows')
    .requiredOption('--id <id>', 'as listed', numberOf)
    .requiredOption('--reason <text>', 'kept with it, and in the audit')
  run(discarding, discardOne)
  const editing = withDecision(parent.command('edit'))
    .description('Change what a parked record sends; what it came with is kept')
    .requiredOption('--id <id>', 'as listed', numberOf)
    .option('--value <file>', 'file with the new value; left out: send what it came with')
    .option('--reason <text>', 'for the audit')
  run(editing, editOne)
}

/** Below `onewrite relay`: what could not be delivered. */
export const deadLetterCommands: CommandGroup = (parent, run) => {
  listCommands(parent, run)
  decisionCommands(parent, run)
}
