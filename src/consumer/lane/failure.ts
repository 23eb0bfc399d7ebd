import type { Cause } from '../../dead-letter/set-aside.ts'
import { isOnewriteError } from '../../error/onewrite-error.ts'
import { isConnectionLost, sqlState } from '../../postgres/connection-error.ts'
import { classify } from '../../retry/classify.ts'
import { errorType } from '../../telemetry/error-type.ts'
import type { Entry } from '../partition/in-hand.ts'

/** Why an event was not handled, and whether it may be another time. */
export interface Failure {
  readonly verdict: 'transient' | 'permanent' | 'unknown'
  readonly cause: Cause
  /** Milliseconds, where the handler named them. */
  readonly after?: number
}

/** Ends the transaction in which a handler failed. */
export class HandlerFailed extends Error {
  override readonly name = 'HandlerFailed'
  readonly entry: Entry
  readonly failure: Failure

  constructor(entry: Entry, failure: Failure, options?: ErrorOptions) {
    super(failure.cause.message, options)
    this.entry = entry
    this.failure = failure
  }
}

/** The transaction took longer than others should wait for it. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong'
}

/** An enormous message would be kept, and shown, with every event that failed so. */
const longestMessage = 1_000

const textOf = (thrown: unknown): string => {
  if (thrown instanceof Error) return thrown.message === '' ? thrown.name : thrown.message
  try {
    return `threw ${typeof thrown === 'string' ? JSON.stringify(thrown.slice(0, longestMessage)) : String(thrown)}`
  } catch {
    return 'threw something that has no text'
  }
}

/** What was thrown, as a cause: whatever it was, an `undefined` included. */
export const causeOf = (thrown: unknown): Cause => ({
  code: errorType(thrown),
  message: textOf(thrown).slice(0, longestMessage),
})

export const failureOf = (thrown: unknown): Failure => ({
  verdict: classify(thrown),
  cause: causeOf(thrown),
})

/** What onewrite itself did in the transaction failed: no fault of an event. */
export class OwnFailure extends Error {
  override readonly name = 'OwnFailure'

  constructor(cause: unknown) {
    super(textOf(cause), { cause })
  }
}

/** Marks what rejects as no fault of an event. */
export const own = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    throw new OwnFailure(error)
  }
}

const lostCodes = ['DATABASE_UNREACHABLE', 'COMMIT_UNKNOWN', 'TRANSACTION_LOST', 'FENCED'] as const

/** A transaction that was idle for too long ends with its connection; that is up to the handler. */
const ownTimeouts = ['25P03', '25P04']

/**
 * The database went away, nobody knows whether it committed, or the partition is somebody else's. That is no fault of
 * the event: it is tried again as often as it takes, and the inbox knows what was committed. An error without an
 * SQLSTATE is none of the database's: a handler may well call something else that refuses connections.
 */
export const isNobodysFault = (error: unknown): boolean => {
  if (error instanceof OwnFailure || lostCodes.some((code) => isOnewriteError(error, code))) return true
  const state = sqlState(error)
  return state !== undefined && !ownTimeouts.includes(state) && isConnectionLost(error)
}

/** Two transactions stood in each other's way: once more, at once. */
export const isCollision = (error: unknown): boolean => /^40(001|P01)$/.test(sqlState(error) ?? '')
