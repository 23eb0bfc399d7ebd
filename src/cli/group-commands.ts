import type { Command } from 'commander'
import type { Run } from './run-command.ts'

export const groupCommands = (_parent: Command, _run: Run): void => undefined
