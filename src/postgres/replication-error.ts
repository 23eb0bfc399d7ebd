import { OnewriteError } from '../error/onewrite-error.ts'
import { type ErrorPlace, explainError, sqlState } from './connection-error.ts'

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isPooler = (text: string): boolean => /unsupported startup parameter: replication/i.test(text)

/** What PostgreSQL says when it refuses a walsender at the start; the words differ from version to version. */
export const explainConnect = (error: unknown, place: ErrorPlace): unknown => {
  const [state, cause] = [sqlState(error), textOf(error)]
  const { address } = place
  if (isPooler(cause)) {
    return new OnewriteError('REPLICATION_THROUGH_POOLER', { address, cause }, { cause: error })
  }
  if (state === '42501') return new OnewriteError('REPLICATION_DENIED', { cause }, { cause: error })
  if (state === '53300' && /wal.?sender|standby connections/i.test(cause)) {
    return new OnewriteError('WAL_SENDERS_EXHAUSTED', { address, cause }, { cause: error })
  }
  return explainError(error, place)
}

/** The faults of a command about a slot, by SQLSTATE; 55000 and 0A000 have several meanings. */
export const explainSlotCommand = (error: unknown, place: ErrorPlace, slot: string): unknown => {
  const cause = textOf(error)
  const options = { cause: error }
  switch (sqlState(error)) {
    case '55006':
      return new OnewriteError('SLOT_IN_USE', { slot, cause }, options)
    case '42704':
      return cause.includes('slot') ? new OnewriteError('SLOT_MISSING', { slot }, options) : error
    case '42710':
      return new OnewriteError('SLOT_EXISTS', { slot }, options)
    case '53400':
      return new OnewriteError('SLOTS_EXHAUSTED', { slot, cause }, options)
    case '42501':
      return new OnewriteError('REPLICATION_DENIED', { cause }, options)
    case '0A000':
      return new OnewriteError('SLOT_ELSEWHERE', { slot, owner: `another database (${cause})` }, options)
    case '55000':
      return /wal_level|logical decoding/.test(cause)
        ? new OnewriteError('WAL_LEVEL_TOO_LOW', { address: place.address, level: 'replica' }, options)
        : new OnewriteError('SLOT_LOST', { slot, cause }, options)
    default:
      return explainError(error, place, cause)
  }
}
