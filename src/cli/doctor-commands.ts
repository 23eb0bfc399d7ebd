import type { Command } from 'commander'
import type { Run } from './run-command.ts'

export const doctorCommands = (_parent: Command, _run: Run): void => undefined
