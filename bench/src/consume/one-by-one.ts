import { lastHeader } from '../../../src/message/header-list.ts'
import type { Database } from '../../../src/postgres/database.ts'
import type { DeliveredRecord } from '../../../src/transport/subscriber.ts'

export interface OneByOne {
  readonly table: string
  readonly consumer: string
}

/** The table that marks what was handled, made by `effectTable`, goes by the name of the effects. */
export const marksOf = (table: string): string => `${table}_seen`

/** A transaction for each event: the mark first, so that a repeat has no effect. */
export const oneByOne = (database: Database, { table, consumer }: OneByOne) => {
  const markSql = `insert into ${marksOf(table)} (consumer, id) values ($1, $2) on conflict do nothing`
  const insertSql = `insert into ${table} (order_id, total) values ($1, $2)`
  return async ({ headers, value }: Pick<DeliveredRecord, 'headers' | 'value'>): Promise<void> => {
    const data: { readonly orderId: string; readonly totalAmount: string } = JSON.parse(String(value))
    await database.transaction(async (tx) => {
      const { rowCount } = await tx.query(markSql, [consumer, String(lastHeader(headers, 'id'))])
      if (rowCount > 0) await tx.query(insertSql, [data.orderId, data.totalAmount])
    })
  }
}
