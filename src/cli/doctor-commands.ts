import type { Command } from 'commander'
import type { CheckResult, CheckStatus } from '../admin/check.ts'
import { type Diagnosis, doctor } from '../admin/doctor.ts'
import { countText } from './amounts.ts'
import { examples } from './examples.ts'
import type { Run } from './run-command.ts'

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
      examples(
        ['onewrite doctor', 'the database, as the role of this URL sees it'],
        ['onewrite doctor --json', 'for a script; the exit code is 3 where there is a problem'],
      ),
    )
  run(command, async ({ database, progress }) => {
    const diagnosis = await doctor({ database, progress: (check) => progress(`checking ${check}`) })
    return { json: diagnosis, text: text(diagnosis), healthy: diagnosis.healthy }
  })
}
