import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { consumerCommands } from './consumer-commands.ts'
import { deadLetterCommands } from './dead-letter-commands.ts'
import { doctorCommands } from './doctor-commands.ts'
import { groupCommands } from './group-commands.ts'
import { lagCommands } from './lag-commands.ts'
import { migrateCommands } from './migrate-commands.ts'
import { redriveCommands } from './redrive-commands.ts'
import { relayCommands } from './relay-commands.ts'
import { retentionCommands } from './retention-commands.ts'
import type { CommandGroup, Run } from './run-command.ts'
import { shardCommands } from './shard-commands.ts'
import { statusCommands } from './status-commands.ts'

/** Commands of their own: `onewrite status`. */
const groups: readonly CommandGroup[] = [
  migrateCommands,
  statusCommands,
  lagCommands,
  doctorCommands,
  retentionCommands,
]

/** Commands below `onewrite relay`. */
const relayGroups: readonly CommandGroup[] = [relayCommands, shardCommands]

/** Commands below `onewrite dead-letters`. */
const deadLetterGroups: readonly CommandGroup[] = [deadLetterCommands, redriveCommands]

/** Commands below `onewrite group`. */
const groupGroups: readonly CommandGroup[] = [groupCommands]

const versionOf = (): string => {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version
}

export const exitCodeText = `
Exit codes:
  0  done, and all is well
  1  failed
  2  wrong usage
  3  done, but something is not healthy`

/** All commands. Printing and exiting are left to the caller. */
export const buildProgram = (run: Run): Command => {
  const program = new Command('onewrite')
    .description('Operates a onewrite log: one PostgreSQL transaction records state and events.')
    .version(versionOf())
    .addHelpText('after', exitCodeText)
    // Set before commands are added: they inherit it.
    .exitOverride()
    .showSuggestionAfterError()
  for (const register of groups) register(program, run)
  const relay = program.command('relay').description('relays: what moves the log to a transport')
  for (const register of relayGroups) register(relay, run)
  const group = program.command('group').description('groups of subscribers that read the log itself')
  for (const register of groupGroups) register(group, run)
  const consumer = program.command('consumer').description('consumers: what handles events')
  consumerCommands(consumer, run)
  const letters = program
    .command('dead-letters')
    .description('what a relay or a consumer could not deliver, and what waits behind it')
  for (const register of deadLetterGroups) register(letters, run)
  return program
}
