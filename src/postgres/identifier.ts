import { OnewriteError } from '../error/onewrite-error.ts'

const pattern = /^[a-z_][a-z0-9_]{0,62}$/

/**
 * Returns `value` unchanged when it is a plain name: 1 to 63 of a-z, 0-9 and underscore, not starting with a digit.
 * Names outside this set are refused although PostgreSQL could quote them: what needs no quoting cannot be
 * quoted wrongly by anybody downstream.
 *
 * @throws INVALID_IDENTIFIER
 */
export const validIdentifier = (what: string, value: string): string => {
  if (typeof value !== 'string' || !pattern.test(value)) {
    throw new OnewriteError('INVALID_IDENTIFIER', { what, value: JSON.stringify(value) ?? String(value) })
  }
  return value
}

/**
 * A name as it may stand in SQL text. Quoted always, because a plain name can still be a keyword (`order`, `user`).
 *
 * @throws INVALID_IDENTIFIER
 */
export const quoteIdentifier = (what: string, value: string): string => `"${validIdentifier(what, value)}"`

/**
 * A validated name as a string literal, for the few statements of PostgreSQL that take no bound values.
 *
 * @throws INVALID_IDENTIFIER
 */
export const quoteNameLiteral = (what: string, value: string): string => `'${validIdentifier(what, value)}'`
