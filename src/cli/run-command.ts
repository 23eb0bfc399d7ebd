import type { Command } from 'commander'
import { OnewriteError } from '../error/onewrite-error.ts'
import { type Logger, silentLogger } from '../lifecycle/logger.ts'
import type { Database } from '../postgres/database.ts'
import { pgDatabase } from '../postgres/pg-database.ts'
import { assertSchema } from '../postgres/schema-version.ts'
import type { Outcome } from './outcome.ts'
import type { Terminal } from './terminal.ts'

/** What a command works with. */
export interface Task {
  readonly database: Database
  /** The command's own options by their camel-cased name; `--dry-run` is `dryRun`. */
  readonly options: Readonly<Record<string, unknown>>
  /** The command's arguments in order. */
  readonly parameters: readonly string[]
  readonly env: Terminal['env']
  /** Shows what is being done, to a person only. */
  progress(text: string): void
  readonly logger: Logger
  /** Aborted on Ctrl-C: finish the step and answer with what was done. */
  readonly signal: AbortSignal
}

export interface RunOptions {
  /** Whether the command works, too, where the schema is missing or of another version. Default false. */
  readonly anySchema?: boolean
}

/** Gives a command the options that all have, and its work. */
export type Run = (command: Command, work: (task: Task) => Promise<Outcome>, options?: RunOptions) => Command

/** Adds commands to the program, or to a command that has subcommands. */
export type CommandGroup = (parent: Command, run: Run) => void

interface CommonOptions {
  readonly url: string
  readonly schema: string
}

const commonOf = (options: Readonly<Record<string, unknown>>, { env }: Terminal): CommonOptions => {
  const { databaseUrl = env['DATABASE_URL'], schema } = options
  if (typeof databaseUrl === 'string' && databaseUrl !== '')
    return { url: databaseUrl, schema: String(schema) }
  throw new OnewriteError('INVALID_USAGE', {
    fault: 'no database is named',
    fix: 'Give --database-url postgres://user@host:5432/database, or set DATABASE_URL.',
  })
}

/** A line that overwrites the one before. */
const progressOn =
  ({ interactive, err }: Terminal) =>
  (text: string): void => {
    if (interactive) err(`\r\u001b[2K${text}`)
  }

const loggerOn = (progress: (text: string) => void): Logger => ({
  ...silentLogger,
  info: (_fields, message) => progress(message),
})

export interface Finished {
  readonly outcome: Outcome
  readonly json: boolean
}

/** The actions of one run of the program: each opens the database, works, closes it and hands over its outcome. */
export const commandRunner =
  (terminal: Terminal, finished: (result: Finished) => void): Run =>
  (command, work, { anySchema = false } = {}) =>
    command
      .option('--database-url <url>', 'PostgreSQL with the log (default: DATABASE_URL)')
      .option('--schema <name>', 'schema of the log', 'onewrite')
      .option('--json', 'print one JSON document')
      .action(async () => {
        const options: Readonly<Record<string, unknown>> = command.opts()
        const { url, schema } = commonOf(options, terminal)
        const database = pgDatabase({ url, schema, applicationName: 'onewrite cli', max: 4 })
        const progress = progressOn(terminal)
        try {
          if (!anySchema) await assertSchema(database)
          const { signal, env } = terminal
          const logger = loggerOn(progress)
          const parameters = [...command.processedArgs].flat().map(String)
          const outcome = await work({ database, options, parameters, env, progress, logger, signal })
          finished({ outcome, json: options['json'] === true })
        } finally {
          progress('')
          await database.close()
        }
      })
