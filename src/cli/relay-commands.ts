import type { Command } from 'commander'
import type { Run } from './run-command.ts'

export const relayCommands = (_parent: Command, _run: Run): void => undefined
