import type { Command } from 'commander'
import { pendingMigrations } from '../admin/pending-migrations.ts'
import { migrate } from '../postgres/migrate.ts'
import { examples } from './examples.ts'
import type { Outcome } from './outcome.ts'
import type { Run, Task } from './run-command.ts'

const list = (names: readonly string[]): string => names.map((name) => `  ${name}`).join('\n')

const plan = async ({ database }: Task): Promise<Outcome> => {
  const found = await pendingMigrations(database)
  const { installed, needed, pending } = found
  const text =
    pending.length === 0
      ? `schema ${database.schema} is up to date (version ${installed})`
      : `would bring schema ${database.schema} from version ${installed} to ${needed}:\n${list(pending)}`
  return { json: { ...found, dryRun: true }, text }
}

const apply = async ({ database, logger }: Task): Promise<Outcome> => {
  const report = await migrate(database, { log: logger })
  const { from, to, applied } = report
  const text =
    applied.length === 0
      ? `schema ${database.schema} is up to date (version ${to})`
      : `brought schema ${database.schema} from version ${from} to ${to}:\n${list(applied)}`
  return { json: { ...report, dryRun: false }, text }
}

export const migrateCommands = (parent: Command, run: Run): void => {
  const command = parent
    .command('migrate')
    .description('Install the schema of the log, or bring it up to date')
    .option('--dry-run', 'only say which migrations are pending')
    .addHelpText(
      'after',
      examples(
        ['onewrite migrate --dry-run', 'which migrations are pending'],
        ['onewrite migrate', 'apply them; needs a role that may create tables'],
      ),
    )
  run(command, (task) => (task.options['dryRun'] === true ? plan(task) : apply(task)), { anySchema: true })
}
