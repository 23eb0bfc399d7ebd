import type { Command } from 'commander'
import { forgetCommand } from './forget-command.ts'
import type { Run } from './run-command.ts'

export const groupCommands = (parent: Command, run: Run): void => forgetCommand(parent, run, 'group')
