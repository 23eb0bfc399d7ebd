import type pg from 'pg'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { ErrorPlace } from './connection-error.ts'
import { insideTransaction, type Transaction } from './database.ts'
import { validIdentifier } from './identifier.ts'
import { runQuery } from './run-query.ts'

const wrong = (given: string): OnewriteError => new OnewriteError('WRONG_HANDLE', { given })

const has = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && Reflect.has(value, name)

const checkClient = (client: unknown): void => {
  // A pool runs every query on any of its connections: state and event would commit apart.
  if (has(client, 'waitingCount')) throw wrong('a pg Pool')
  if (!has(client, 'query')) throw wrong('something that is not a pg client')
}

/** Costs nothing: every answer of the server says whether a transaction is open. */
const checkOpen = (client: pg.Client): void => {
  // Versions of `pg` before 8.17 do not keep it.
  if (has(client, 'getTransactionStatus') && client.getTransactionStatus() === 'I') {
    throw wrong('a client that is not inside a transaction (await its BEGIN first)')
  }
}

/**
 * The transaction that a `pg` client of the application is in. BEGIN, COMMIT and release remain the application's.
 *
 * @throws WRONG_HANDLE for a Pool, and for a client that is not inside a transaction; also later, once it has ended
 * @throws INVALID_IDENTIFIER
 */
export const pgTransaction = (client: pg.Client, options: { readonly schema?: string } = {}): Transaction => {
  checkClient(client)
  checkOpen(client)
  const schema = validIdentifier('schema', options.schema ?? 'onewrite')
  const place: ErrorPlace = { schema, address: `${client.host}:${client.port}/${client.database ?? ''}` }
  return {
    [insideTransaction]: true,
    schema,
    query: async (text, values) => {
      checkOpen(client)
      return runQuery(client, place, text, values)
    },
  }
}
