import type { Command } from 'commander'
import { type Forgotten, type ForgottenReader, forgetReader } from '../admin/forget-reader.ts'
import { examples } from './examples.ts'
import type { Run } from './run-command.ts'

const line = ({ name, position, slot }: ForgottenReader): string => {
  const where = position === undefined ? 'without a checkpoint' : `at position ${position}`
  return `${name}, ${where}${slot === undefined ? '' : `, and its replication slot ${slot}`}`
}

const text = ({ readers, dryRun }: Forgotten): string =>
  readers.map((reader) => `${dryRun ? 'would forget' : 'forgot'} ${line(reader)}`).join('\n')

/** `relay forget` and `group forget`. */
export const forgetCommand = (parent: Command, run: Run, kind: Forgotten['kind']): void => {
  const command = parent
    .command('forget')
    .description(`Forget a ${kind} that is gone for good, so that nothing is held back for it`)
    .argument('<name>', `name of the ${kind}`)
    .option('--dry-run', 'only say what would be forgotten')
    .addHelpText(
      'after',
      `
Refused while an instance of it runs. Should it come back, it stops where events it had not read were dropped.
${examples(
  [`onewrite ${kind} forget old-orders --dry-run`, 'what is held back for it'],
  [`onewrite ${kind} forget old-orders`, 'retention no longer waits for it'],
)}`,
    )
  run(command, async ({ database, options, parameters }) => {
    const [name = ''] = parameters
    const forgotten = await forgetReader(database, { kind, name, dryRun: options['dryRun'] === true })
    return { json: forgotten, text: text(forgotten) }
  })
}
