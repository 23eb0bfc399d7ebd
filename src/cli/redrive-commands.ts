import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { changeDeadLetter, type DeadLetterNames, discardDeadLetter } from '../admin/dead-letters.ts'
import {
  awaitRedrive,
  carryOutRedrive,
  planRedrive,
  type RedrivePlan,
  type RedriveResult,
} from '../admin/redrive.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import { readDuration } from '../retry/duration.ts'
import { countText } from './amounts.ts'
import { decisionOf, namedBy, numberOf, textOf, withDecision, withNames } from './dead-letter-options.ts'
import { deadLetterTable } from './dead-letter-table.ts'
import { examples } from './examples.ts'
import type { Outcome } from './outcome.ts'
import type { CommandGroup, Run, Task } from './run-command.ts'

const namesOf = ({ options, parameters }: Task): DeadLetterNames => {
  const names = namedBy(options)
  if (parameters.length > 0) return { ...names, number: parameters.map(numberOf) }
  if (options['all'] === true || Object.keys(names).length > 0) return names
  throw new OnewriteError('INVALID_USAGE', {
    fault: 'nothing is named',
    fix: 'Give numbers, --relay, --consumer, --topic, --key, --fingerprint or --quarantine, or --all.',
  })
}

const shownAtMost = 100

const planText = ({ numbers, deadLetters, quarantines, following, behindOthers }: RedrivePlan): string =>
  [
    `would release ${numbers.length} parked in ${countText(quarantines, 'quarantine')}, and ${following} waiting behind them`,
    ...(behindOthers === 0 ? [] : [`${behindOthers} of them stay behind parked ones that are not named`]),
    ...(numbers.length === 0 ? [] : ['', deadLetterTable(deadLetters)]),
    ...(numbers.length > shownAtMost ? [`and ${numbers.length - shownAtMost} more`] : []),
    ...(numbers.length === 0 ? [] : ['', 'nothing was changed; add --yes to do it']),
  ].join('\n')

const resultText = ({ delivered, parked, waiting }: RedriveResult): string =>
  `${delivered} delivered, ${parked} parked again, ${waiting} not yet delivered`

const waitFor = (
  { database, options, progress, signal }: Task,
  numbers: readonly bigint[],
): Promise<RedriveResult> => {
  const until = AbortSignal.any([signal, AbortSignal.timeout(Number(options['wait']))])
  return awaitRedrive(database, numbers, until, (result) => progress(resultText(result)))
}

const redriveNamed = async (task: Task): Promise<Outcome> => {
  const { database, options, progress, signal } = task
  const plan = await planRedrive(database, namesOf(task))
  const { following } = plan
  if (options['yes'] !== true) return { json: { ...plan, dryRun: true }, text: planText(plan) }
  const released = await carryOutRedrive(database, plan, {
    ...decisionOf(options),
    signal,
    progress: (done, of) => progress(`released ${done} of ${of}`),
  })
  const result = options['wait'] === undefined ? undefined : await waitFor(task, released)
  const text = `released ${released.length} parked, and ${following} waiting behind them`
  return {
    json: { released, following, result, dryRun: false },
    text: result === undefined ? text : `${text}\n${resultText(result)}`,
    healthy: result === undefined || (result.parked === 0 && result.waiting === 0),
  }
}

const discardOne = async ({ database, options, parameters }: Task): Promise<Outcome> => {
  const decision = { ...decisionOf(options), reason: textOf(options, 'reason') ?? '' }
  const letter = await discardDeadLetter(database, numberOf(parameters[0] ?? ''), decision)
  return {
    json: letter,
    text: `discarded ${letter.number} of key ${letter.key ?? '-'}; what waits behind it follows`,
  }
}

const editOne = async ({ database, options, parameters }: Task): Promise<Outcome> => {
  const [number, file] = [numberOf(parameters[0] ?? ''), textOf(options, 'value')]
  const value = file === undefined ? null : await readFile(file)
  await changeDeadLetter(database, number, value, decisionOf(options))
  const text =
    value === null
      ? `${number} is delivered as it came`
      : `${number} is delivered with the ${value.length} bytes of ${file}`
  return { json: { number, bytes: value?.length ?? null }, text }
}

const durationOf = (text: string): number => {
  const length = readDuration(text)
  if (Number.isFinite(length) && length > 0) return length
  throw new InvalidArgumentError('It is not a duration such as 30s.')
}

const redriveCommand = (parent: Command, run: Run): void => {
  const command = withDecision(withNames(parent.command('redrive')))
    .description('Deliver parked records again, then what waits behind them, in order; first only says what')
    .argument('[numbers...]', 'these ones, as listed')
    .option('--all', 'everything that is parked')
    .option('--yes', 'do it')
    .option('--wait <duration>', 'wait so long at most for what becomes of them: 30s', durationOf)
    .addHelpText(
      'after',
      `
Without --yes nothing is changed. The relay or consumer that could not deliver them tries again within a second, and
nobody else sees them; where none of its instances runs, the next one does it. What fails again is parked again and
stays first. Doing it twice has the effect of once. Many go in portions; Ctrl-C ends after the one in hand.
${examples(
  ['onewrite dead-letters redrive --fingerprint 3f9a1c20b7d4', 'what one kind of error holds back'],
  ['onewrite dead-letters redrive --fingerprint 3f9a1c20b7d4 --yes', 'release it'],
  [
    'onewrite dead-letters redrive --consumer inventory --key order-1 --yes',
    'release one key of one consumer',
  ],
  ['onewrite dead-letters redrive 41 --yes --wait 30s', 'and see what became of it'],
)}`,
    )
  run(command, redriveNamed)
}

const discardCommand = (parent: Command, run: Run): void => {
  const command = parent
    .command('discard')
    .description('Give a parked record up; what waits behind it follows')
    .argument('<number>', 'as listed')
    .option('--actor <name>', 'who decides, for the audit (default: the user of this machine)')
    .requiredOption('--reason <text>', 'kept with it, and in the audit')
  run(command, discardOne)
}

const editCommand = (parent: Command, run: Run): void => {
  const command = withDecision(parent.command('edit'))
    .description('Change what a parked record is delivered with; what it came with is kept')
    .argument('<number>', 'as listed')
    .option('--value <file>', 'file with the new value; left out: deliver what it came with')
  run(command, editOne)
}

/** Below `onewrite dead-letters`: what is decided about it. */
export const redriveCommands: CommandGroup = (parent, run) => {
  redriveCommand(parent, run)
  discardCommand(parent, run)
  editCommand(parent, run)
}
