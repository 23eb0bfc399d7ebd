import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Queryable, RawConnection } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

export const droppedThroughSql = (schema: string): string =>
  `select dropped_through::text as position from ${quoteIdentifier('schema', schema)}.settings`

/** The last position that retention has dropped; 0 where it never dropped anything. */
export const droppedThrough = async (queryable: Queryable, schema: string): Promise<bigint> => {
  const { rows } = await queryable.query<{ position: string }>(droppedThroughSql(schema))
  return BigInt(rows[0]?.position ?? '0')
}

/** The position from which on the log is kept; 1 where retention never dropped anything. */
export const keptFrom = async (database: Database): Promise<bigint> =>
  (await droppedThrough(database, database.schema)) + 1n

/** The last position that retention has dropped, asked over a raw connection. */
export const readDroppedThrough = async (connection: RawConnection, schema: string): Promise<bigint> => {
  const [row] = await connection.read(droppedThroughSql(schema))
  return BigInt(row?.[0] ?? '0')
}

/**
 * Refuses to read on after a position where events behind it are gone: what was dropped would be left out silently.
 *
 * @throws EVENTS_DROPPED
 */
export const assertKept = (after: bigint, dropped: bigint): void => {
  if (after >= dropped) return
  throw new OnewriteError('EVENTS_DROPPED', {
    what: 'the log',
    first: `position ${dropped + 1n}`,
    asked: `position ${after + 1n}`,
  })
}
