import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

/** Who sets records aside: the name of its lease, and the lease's token. */
export interface Reader {
  /** `relay/orders`, for example. */
  readonly reader: string
  readonly token: bigint
}

export type Table = 'quarantines' | 'dead_letters' | 'dead_letter_audit' | 'leases'

export const table = (schema: string, name: Table): string => `${quoteIdentifier('schema', schema)}.${name}`

// Locked, so that the next owner takes the lease only after this has committed, and then sees it.
const fenceSql = (schema: string): string =>
  `select 1 from ${table(schema, 'leases')} where name = $1 and token = $2 for share`

/**
 * A transaction of the reader that leads.
 *
 * @throws FENCED when another one has taken over
 */
export const whileOwner = <T>(
  database: Database,
  { reader, token }: Reader,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> =>
  database.transaction(async (tx) => {
    const { rowCount } = await tx.query(fenceSql(tx.schema), [reader, token])
    if (rowCount === 0) throw new OnewriteError('FENCED', { name: reader })
    return work(tx)
  })
