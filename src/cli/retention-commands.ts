import { type Command, InvalidArgumentError } from 'commander'
import { type Obstacle, type PartitionPlan, planRetention, type RetentionPlan } from '../log/retention.ts'
import { applyRetention, type RetentionReport } from '../log/retention-drop.ts'
import { readDuration } from '../retry/duration.ts'
import { afterFault } from '../service/retention-option.ts'
import { bytesText, countText } from './amounts.ts'
import { columns } from './columns.ts'
import { examples } from './examples.ts'
import type { Outcome } from './outcome.ts'
import type { Run, Task } from './run-command.ts'

const toMilliseconds = (text: string): number => {
  const fault = afterFault(text)
  if (fault !== undefined) throw new InvalidArgumentError(fault)
  return readDuration(text)
}

const obstacleText = (obstacle: Obstacle): string => {
  switch (obstacle.kind) {
    case 'incomplete':
      return 'still being written'
    case 'young':
      return `newest event of ${obstacle.newest}`
    case 'reader':
      return `${obstacle.name} is at ${obstacle.position ?? 'no position yet'}`
    case 'behind':
      return `${obstacle.partition} stays, which is before it`
    case 'busy':
      return 'the table was in use the whole time; see onewrite doctor for open transactions'
  }
}

const rows = (partitions: readonly PartitionPlan[]): readonly (readonly string[])[] =>
  partitions.map(({ name, from, to, bytes, obstacles }) => [
    name,
    `${from} to ${to}`,
    bytesText(bytes),
    obstacles.length === 0 ? 'goes' : `stays: ${obstacles.map(obstacleText).join('; ')}`,
  ])

const heading = ['PARTITION', 'POSITIONS', 'SIZE', '']

const overflowText = ({ overflow }: RetentionPlan): readonly string[] =>
  overflow ? ['', 'events_overflow holds events that found no partition of their own; these stay'] : []

const planText = (plan: RetentionPlan): string => {
  const going = plan.partitions.filter(({ obstacles }) => obstacles.length === 0)
  const size = going.reduce((sum, { bytes }) => sum + bytes, 0n)
  return [
    columns(heading, rows(plan.partitions)),
    ...overflowText(plan),
    '',
    `would drop ${countText(going.length, 'partition')}, ${bytesText(size)}`,
  ].join('\n')
}

const reportText = (report: RetentionReport): string =>
  [
    ...report.dropped.map((name) => `dropped ${name}`),
    `dropped ${countText(report.dropped.length, 'partition')}, ${bytesText(report.freed)}`,
    '',
    columns(heading, rows(report.partitions)),
    ...overflowText(report),
  ].join('\n')

const retain = async ({ database, options, progress, signal }: Task): Promise<Outcome> => {
  const after = Number(options['after'])
  const look = { after, progress: (partition: string) => progress(`looking at ${partition}`) }
  if (options['dryRun'] === true) {
    const plan = await planRetention(database, look)
    return { json: { ...plan, dryRun: true }, text: planText(plan) }
  }
  const report = await applyRetention(database, { ...look, signal })
  return { json: { ...report, dryRun: false }, text: reportText(report) }
}

export const retentionCommands = (parent: Command, run: Run): void => {
  const command = parent
    .command('retention')
    .description('Drop whole partitions of the log that are old enough and that every reader has passed')
    .requiredOption('--after <duration>', 'how long events stay at least: 12h, 30d', toMilliseconds)
    .option('--dry-run', 'only say what would go, and why the rest stays')
    .addHelpText(
      'after',
      `
Needs the owner of the log. Writers wait for at most 50 ms at a time. A relay or group that has not passed a partition
keeps it; one that is gone for good is forgotten with onewrite relay forget, onewrite group forget.
${examples(
  ['onewrite retention --after 30d --dry-run', 'what would go, and who holds back what'],
  ['onewrite retention --after 30d', 'drop it; run it daily, or set retention of service()'],
)}`,
    )
  run(command, retain)
}
