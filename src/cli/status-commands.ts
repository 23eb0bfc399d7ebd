import type { Command } from 'commander'
import { type Overview, overview } from '../admin/overview.ts'
import { bytesText, countText, secondsText } from './amounts.ts'
import { columns } from './columns.ts'
import { examples } from './examples.ts'
import { consumersText } from './lag-commands.ts'
import { relaysText } from './relay-commands.ts'
import type { Run } from './run-command.ts'

const logText = ({ log }: Overview): string =>
  [
    `last position ${log.lastPosition}`,
    `${countText(log.partitions, 'partition')} of ${bytesText(log.bytes)}`,
    log.droppedThrough === 0n ? 'nothing dropped' : `dropped through ${log.droppedThrough}`,
    ...(log.overflow ? ['events without a partition of their own'] : []),
  ].join(', ')

const groupRows = ({ groups }: Overview): readonly (readonly string[])[] =>
  groups.map(({ name, reading, position, lag, owner }) => [
    name,
    reading ? 'reading' : 'stopped',
    String(position),
    `${lag.counted ? '' : '~'}${lag.events} events`,
    lag.events === 0n ? '-' : secondsText(lag.seconds),
    owner ?? '-',
  ])

const text = (found: Overview): string => {
  const groups = groupRows(found)
  const relays = { lastPosition: found.log.lastPosition, relays: found.relays, healthy: found.healthy }
  return [
    `${found.database}, PostgreSQL ${found.serverVersion}, schema ${found.schema.name} version ${found.schema.version}`,
    `log: ${logText(found)}`,
    '',
    relaysText(relays),
    ...(groups.length === 0
      ? []
      : ['', columns(['GROUP', 'STATE', 'POSITION', 'LAG', 'OLDEST', 'READER'], groups)]),
    ...(found.consumers.length === 0 ? [] : ['', consumersText(found)]),
  ].join('\n')
}

export const statusCommands = (parent: Command, run: Run): void => {
  const command = parent
    .command('status')
    .description('The log, its relays, groups and consumers at a glance')
    .addHelpText(
      'after',
      examples(
        ['onewrite status', 'for people'],
        ['onewrite status --json', 'for a script; the exit code is 3 where something needs a person'],
      ),
    )
  run(command, async ({ database }) => {
    const found = await overview(database)
    return { json: found, text: text(found), healthy: found.healthy }
  })
}
