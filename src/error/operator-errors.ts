import type { ErrorRow } from './error-row.ts'

/** Errors of the commands and of what an operator asks for. */
export const operatorErrors = {
  INVALID_USAGE: {
    message: '{fault}',
    delivery: 'Nothing was done.',
    fix: '{fix}',
    retryable: false,
  },
  UNKNOWN_READER: {
    message: 'no {kind} is named {name} (known: {known})',
    delivery: 'Nothing was done.',
    fix: 'Correct the name; onewrite status lists every reader of the log.',
    retryable: false,
  },
  READER_IN_USE: {
    message: '{name} is in use: {owner} holds its lease',
    delivery: 'Nothing was done; it goes on.',
    fix: 'Stop every instance of it first. A lease that nobody renews runs out by itself within seconds.',
    retryable: true,
  },
} as const satisfies Record<string, ErrorRow>
