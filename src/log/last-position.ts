import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

const lastPositionSql = (schema: string): string =>
  `select last_position::text as position from ${schema}.read_marks()`

/** The last position that any writer has drawn; the event itself may not be committed yet, or never. */
export const lastPosition = async (database: Database): Promise<bigint> => {
  const sql = lastPositionSql(quoteIdentifier('schema', database.schema))
  const { rows } = await database.query<{ position: string }>(sql)
  return BigInt(rows[0]?.position ?? '0')
}
