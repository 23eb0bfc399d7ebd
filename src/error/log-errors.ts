import { type ErrorRow, nothingRecorded } from './error-row.ts'

/** Errors of append, of transactions and of the log. */
export const logErrors = {
  EMPTY_APPEND: {
    message: 'append was called without an event',
    delivery: nothingRecorded,
    fix: 'Leave the call out where there is nothing to say.',
    retryable: false,
  },
  VERSION_CONFLICT: {
    message: 'stream {stream}: expected {expected}, actual {actual}',
    delivery: 'Nothing was recorded: the transaction is refused as a whole.',
    fix: 'Load the stream again and decide anew; retry the whole unit of work.',
    retryable: true,
  },
  DUPLICATE_EVENT: {
    message: 'an event with this id is already recorded: {id}',
    delivery: 'The first recording stands and is published once.',
    fix: 'In a retry after a lost reply this means success. Otherwise give each event an id of its own.',
    retryable: false,
  },
  WRONG_HANDLE: {
    message: 'append needs a transaction, but was given {given}',
    delivery: nothingRecorded,
    fix: 'Call append with the tx that transaction() or pgTransaction(client) gives you, so that state and events commit together.',
    retryable: false,
  },
  LOG_IS_APPEND_ONLY: {
    message: 'the log is append-only: {operation} was refused',
    delivery: 'The log is unchanged.',
    fix: 'Record a new event that corrects the old one.',
    retryable: false,
  },
  EVENTS_DROPPED: {
    message: '{what} is kept from {first} on, {asked} was asked for',
    delivery: 'Nothing was handed out: retention dropped what was before, and it would be missing silently.',
    fix: 'Read from {first} on. A reader that was forgotten and comes back needs a new name: it then begins at the first event that is kept.',
    retryable: false,
  },
  COMMIT_UNKNOWN: {
    message:
      'the connection was lost while COMMIT was in flight; whether the transaction committed is unknown',
    delivery: 'State and events are either both recorded or both absent.',
    fix: 'Repeat the unit of work with the same event ids; DUPLICATE_EVENT then means that it had committed.',
    retryable: true,
  },
  TRANSACTION_LOST: {
    message: 'the connection was lost before COMMIT took effect',
    delivery: nothingRecorded,
    fix: 'Run the unit of work again.',
    retryable: true,
  },
  COMMIT_REFUSED: {
    message: 'PostgreSQL answered COMMIT with {command}: a statement of the transaction had failed',
    delivery: 'Nothing was recorded: the transaction was rolled back.',
    fix: 'Do not swallow errors of statements inside a transaction; use a savepoint where one may fail.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorRow>
