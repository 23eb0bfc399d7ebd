import { type Command, CommanderError } from 'commander'
import { OnewriteError } from '../error/onewrite-error.ts'
import { describeFailure, secretsOf } from './failure.ts'
import { type ExitCode, exitCodes, toJson } from './outcome.ts'
import { buildProgram } from './program.ts'
import { commandRunner, type Finished } from './run-command.ts'
import type { Terminal } from './terminal.ts'

const line = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

/** Help and version were asked for; everything else that commander throws is a wrong usage. */
const isAnswer = (error: CommanderError): boolean => error.exitCode === 0

const usageError = ({ message }: CommanderError): OnewriteError =>
  new OnewriteError('INVALID_USAGE', {
    fault: message.replace(/^error: /, '').replaceAll('\n', ' '),
    fix: 'Add --help to the command to see what it takes.',
  })

/** Every secret that a message could repeat: of the options as of the environment. */
const secretsIn = (argv: readonly string[], { env }: Terminal): readonly string[] =>
  [...argv, env['DATABASE_URL'] ?? ''].flatMap((text) => secretsOf(text.replace(/^--[a-z-]+=/, '')))

/** Commander writes help; its faults are written here, as all others are. */
const directTo = (command: Command, terminal: Terminal): void => {
  const { out, err } = terminal
  command.configureOutput({ writeOut: out, writeErr: err, outputError: () => undefined })
  for (const child of command.commands) directTo(child, terminal)
}

/** A command without the subcommand it needs: commander has shown its help. */
const lacksSubcommand = (error: unknown): boolean =>
  error instanceof CommanderError && error.code === 'commander.help'

/** Runs one command and answers with the exit code. Never throws. */
export const runCli = async (argv: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const results: Finished[] = []
  const program = buildProgram(commandRunner(terminal, (result) => void results.push(result)))
  directTo(program, terminal)
  try {
    await program.parseAsync(argv, { from: 'user' })
    for (const { outcome, json } of results) terminal.out(line(json ? toJson(outcome.json) : outcome.text))
    return results.some(({ outcome }) => outcome.healthy === false) ? exitCodes.unhealthy : exitCodes.ok
  } catch (error) {
    if (error instanceof CommanderError && isAnswer(error)) return exitCodes.ok
    if (lacksSubcommand(error)) return exitCodes.usage
    const known = error instanceof CommanderError ? usageError(error) : error
    const failure = describeFailure(known, secretsIn(argv, terminal))
    if (argv.includes('--json')) terminal.out(line(toJson(failure.json)))
    else terminal.err(line(failure.text))
    return failure.exitCode
  }
}
