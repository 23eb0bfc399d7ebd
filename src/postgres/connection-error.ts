import { OnewriteError } from '../error/onewrite-error.ts'
import { networkVerdict } from '../retry/network-code.ts'

/** Where an error happened: enough to name the fault, never a secret. */
export interface ErrorPlace {
  readonly address: string
  readonly schema: string
}

/** Of a unix socket that is not there or not ours. */
const socketCodes = ['ENOENT', 'EACCES']

const isNetworkCode = (code: string): boolean =>
  networkVerdict(code) === 'transient' || socketCodes.includes(code)

// `pg` gives a lost connection no code; these are the beginnings of all its messages for one.
const lostConnection =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout|The server does not support SSL|There was an error establishing an SSL)/

// PgBouncer has one code for all its faults.
const refusedByPooler = /no such (user|database)|bouncer config error|authentication failed|auth failed/i

const property = (error: unknown, name: string): string | undefined => {
  if (typeof error !== 'object' || error === null) return undefined
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : undefined
}

/** The SQLSTATE of an error that came from the server. */
export const sqlState = (error: unknown): string | undefined => {
  const code = property(error, 'code')
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && property(error, 'severity') !== undefined
    ? code
    : undefined
}

const textOf = (error: unknown): string =>
  property(error, 'message') || property(error, 'code') || 'unknown error'

/** Whether the connection is gone, so that nobody can say what became of a statement in flight. */
export const isConnectionLost = (error: unknown): boolean => {
  const state = sqlState(error)
  if (state !== undefined) {
    return state.startsWith('08') || /^(FATAL|PANIC)$/.test(property(error, 'severity') ?? '')
  }
  return isNetworkCode(property(error, 'code') ?? '') || lostConnection.test(textOf(error))
}

const isAuthentication = (error: unknown, state: string | undefined): boolean =>
  state === undefined
    ? textOf(error).startsWith('SASL')
    : state.startsWith('28') ||
      state === '3D000' ||
      (state === '08P01' && refusedByPooler.test(textOf(error)))

// 57P03: the server is starting up or shutting down. Other FATAL errors keep the SQLSTATE that explains them.
const isUnreachable = (error: unknown, state: string | undefined): boolean =>
  state === undefined ? isConnectionLost(error) : state.startsWith('08') || state === '57P03'

const missing = new Set(['3F000', '42P01', '42883'])

// Only what is missing from our own schema means "not installed"; a missing table of the user's stays their error.
const namesSchema = (error: unknown, schema: string): boolean =>
  new RegExp(`(^|[^a-z0-9_])${schema}(["”».]|$)`).test(textOf(error))

const verbOf = (statement: string): string =>
  /^\s*(?:\/\*.*?\*\/\s*)?([a-z]+)/i.exec(statement)?.[1] ?? 'run this'

/**
 * Names the faults a person can act on; every other error is returned as it came, with its SQLSTATE.
 *
 * DATABASE_UNREACHABLE, DATABASE_AUTHENTICATION, SCHEMA_MISSING, PERMISSION_DENIED; the original is the cause.
 */
export const explainError = (error: unknown, place: ErrorPlace, statement = 'connect'): unknown => {
  if (error instanceof OnewriteError) return error
  const { address, schema } = place
  const state = sqlState(error)
  const cause = textOf(error)
  if (isAuthentication(error, state)) {
    return new OnewriteError('DATABASE_AUTHENTICATION', { address, cause }, { cause: error })
  }
  if (isUnreachable(error, state)) {
    return new OnewriteError('DATABASE_UNREACHABLE', { address, cause }, { cause: error })
  }
  if (state === '42501') {
    const operation = verbOf(statement)
    return new OnewriteError('PERMISSION_DENIED', { operation, cause }, { cause: error })
  }
  if (state !== undefined && missing.has(state) && namesSchema(error, schema)) {
    return new OnewriteError('SCHEMA_MISSING', { schema }, { cause: error })
  }
  return error
}
