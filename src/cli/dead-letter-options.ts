import { userInfo } from 'node:os'
import { type Command, InvalidArgumentError } from 'commander'
import type { DeadLetterNames } from '../admin/dead-letters.ts'
import type { Task } from './run-command.ts'

type Options = Task['options']

export const numberOf = (text: string): bigint => {
  if (/^[1-9]\d{0,17}$/.test(text)) return BigInt(text)
  throw new InvalidArgumentError(`${text} is not a number as listed.`)
}

export const limitOf = (text: string): number => {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is not a whole number from 1.')
}

export const textOf = (options: Options, name: string): string | undefined => {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** Options by which dead letters are named; all that are given have to fit. */
export const withNames = (command: Command): Command =>
  command
    .option('--relay <name>', 'that this relay could not publish, its shards included')
    .option('--consumer <name>', 'that this consumer could not handle')
    .option('--topic <name>', 'of this topic')
    .option('--key <key>', 'of this key')
    .option('--fingerprint <text>', 'that failed with this kind of error')
    .option('--quarantine <number>', 'of this quarantine', numberOf)

export const namedBy = (options: Options): DeadLetterNames => {
  const { quarantine } = options
  const texts = ['relay', 'consumer', 'topic', 'key', 'fingerprint'] as const
  const given = texts.flatMap((name) => {
    const value = textOf(options, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(given), ...(typeof quarantine === 'bigint' ? { quarantine } : {}) }
}

/** Options of what a person decides. */
export const withDecision = (command: Command): Command =>
  command
    .option('--actor <name>', 'who decides, for the audit (default: the user of this machine)')
    .option('--reason <text>', 'for the audit')

export const decisionOf = (options: Options): { readonly actor: string; readonly reason?: string } => {
  const reason = textOf(options, 'reason')
  const actor = textOf(options, 'actor') ?? userInfo().username
  return { actor, ...(reason === undefined ? {} : { reason }) }
}
