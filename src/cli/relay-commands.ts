import type { Command } from 'commander'
import { type RelayStatus, type RelaysStatus, relayStatus } from '../admin/relay-status.ts'
import { bytesText, secondsText } from './amounts.ts'
import { columns } from './columns.ts'
import { examples } from './examples.ts'
import { forgetCommand } from './forget-command.ts'
import type { Run } from './run-command.ts'

const heading = ['RELAY', 'STATE', 'SOURCE', 'DELIVERY', 'POSITION', 'LAG', 'BYTES', 'OLDEST', 'LEADER']

const lagText = ({ lag }: RelayStatus): readonly string[] =>
  lag === undefined
    ? ['-', '-', '-']
    : [
        `${lag.counted ? '' : '~'}${lag.events} events`,
        bytesText(lag.bytes),
        lag.events === 0n ? '-' : secondsText(lag.seconds),
      ]

const sourceText = ({ source, reading }: RelayStatus): string =>
  source === 'auto' ? `auto (${reading ?? 'not yet'})` : source

const row = (relay: RelayStatus): readonly string[] => [
  relay.name,
  relay.state,
  sourceText(relay),
  relay.delivery,
  relay.position === undefined ? 'none' : String(relay.position),
  ...lagText(relay),
  relay.owner ?? '-',
]

const slotHeading = ['SLOT', 'RELAY', 'ACTIVE', 'WAL STATUS', 'RETAINED', 'BUDGET', 'SAFE']

const slotRows = ({ name, slot }: RelayStatus): readonly (readonly string[])[] =>
  slot === undefined
    ? []
    : [
        [
          slot.name,
          name,
          slot.exists ? (slot.active ? 'yes' : 'no') : 'none',
          slot.walStatus ?? '-',
          bytesText(slot.retainedBytes),
          slot.budgetPercent === undefined
            ? '-'
            : `${slot.budgetPercent} % of ${bytesText(slot.budgetBytes)}`,
          bytesText(slot.safeBytes),
        ],
      ]

const refillLines = ({ name, refill }: RelayStatus): readonly string[] =>
  refill === undefined
    ? []
    : [
        `refill:  ${name}: positions ${refill.from + 1n} to ${refill.to}, found ${refill.foundAt}, ` +
          `${refill.finishedAt === undefined ? 'not finished' : `finished ${refill.finishedAt}`}: ${refill.reason}`,
      ]

const problemLines = ({ name, problems }: RelayStatus): readonly string[] =>
  problems.flatMap(({ problem, fix }) => [`problem: ${name}: ${problem}`, `fix:     ${fix}`])

/** The same for `onewrite status`. */
export const relaysText = ({ relays }: RelaysStatus): string => {
  if (relays.length === 0) return 'no relay has ever led'
  const slots = relays.flatMap(slotRows)
  const notes = [...relays.flatMap(refillLines), ...relays.flatMap(problemLines)]
  return [
    columns(heading, relays.map(row)),
    ...(slots.length === 0 ? [] : ['', columns(slotHeading, slots)]),
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ].join('\n')
}

export const relayCommands = (parent: Command, run: Run): void => {
  const command = parent
    .command('status')
    .description('Who leads each relay, how far it is behind, and what is held back for it')
    .addHelpText(
      'after',
      examples(
        ['onewrite relay status', 'all relays'],
        ['onewrite relay status --json', 'the same for a script; the exit code is 3 where one has a problem'],
      ),
    )
  run(command, async ({ database }) => {
    const status = await relayStatus(database)
    return { json: status, text: relaysText(status), healthy: status.healthy }
  })
  forgetCommand(parent, run, 'relay')
}
