import type { ClientBase } from 'pg'
import { OnewriteError } from '../error/onewrite-error.ts'
import { type ErrorPlace, explainError, isConnectionLost } from './connection-error.ts'

/** Sends COMMIT and returns the command tag of the answer. */
export const sendCommit = async (client: ClientBase, place: ErrorPlace): Promise<string> => {
  try {
    const { command } = await client.query('COMMIT')
    return command
  } catch (error) {
    // A FATAL answer counts as lost: a backend told to stop while it waits for a standby has already committed.
    if (isConnectionLost(error)) throw new OnewriteError('COMMIT_UNKNOWN', {}, { cause: error })
    throw explainError(error, place, 'COMMIT')
  }
}

/** PostgreSQL answers COMMIT of a failed transaction with success and the tag ROLLBACK. */
export const checkCommitted = (command: string): void => {
  if (command !== 'COMMIT') throw new OnewriteError('COMMIT_REFUSED', { command })
}
