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

/** 55000, object_not_in_prerequisite_state, has several meanings. */
const explainState = (
  cause: string,
  { address }: ErrorPlace,
  slot: string,
  options: ErrorOptions,
): unknown => {
  if (/wal_level|logical decoding/.test(cause)) {
    return new OnewriteError('WAL_LEVEL_TOO_LOW', { address, level: 'replica' }, options)
  }
  if (/not created in this database|physical/.test(cause)) {
    return new OnewriteError('SLOT_ELSEWHERE', { slot, owner: `somebody else (${cause})` }, options)
  }
  return new OnewriteError('SLOT_LOST', { slot, cause }, options)
}

/** The faults of a command about a slot. */
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
    case '55000':
      return explainState(cause, place, slot, options)
    default:
      return explainError(error, place, cause)
  }
}
