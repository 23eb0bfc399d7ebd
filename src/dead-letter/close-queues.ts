import type { Database } from '../postgres/database.ts'
import { table } from './fence.ts'

const nothingWaits = (schema: string): string => `
  not exists (select from ${table(schema, 'dead_letters')} d where d.quarantine = q.number
    and d.state in ('parked', 'held', 'released'))`

const emptySql = (schema: string): string => `
  select q.number from ${table(schema, 'quarantines')} q where q.reader = $1 and q.released and ${nothingWaits(schema)}
  order by q.number limit 1000 for update skip locked`

const closeSql = (schema: string): string => `
  delete from ${table(schema, 'quarantines')} q where q.number = any($1::bigint[]) and ${nothingWaits(schema)}`

/** Closes the queues in which nothing waits any more: what follows of their keys is handled at once again. */
export const closeEmptyQueues = (database: Database, reader: string): Promise<number> =>
  database.transaction(
    async (tx) => {
      const { rows } = await tx.query<{ number: string }>(emptySql(tx.schema), [reader])
      if (rows.length === 0) return 0
      // The look before the lock does not count: something may have arrived in between.
      return (await tx.query(closeSql(tx.schema), [rows.map(({ number }) => number)])).rowCount
    },
    { isolation: 'read committed' },
  )
