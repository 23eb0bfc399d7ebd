import type { RawConnection } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import type { Marks } from './horizon.ts'

const marksSql = (schema: string): string =>
  `select last_position::text, array_to_string(writers, ',') from ${schema}.read_marks()`

const toMarks = (row: readonly (string | null)[] | undefined): Marks => ({
  lastPosition: BigInt(row?.[0] ?? '0'),
  writers: (row?.[1] ?? '').split(',').filter((writer) => writer !== ''),
})

/** Takes the marks that a horizon advances by. */
export const markReader = (connection: RawConnection, schema: string): (() => Promise<Marks>) => {
  const sql = marksSql(quoteIdentifier('schema', schema))
  return async () => toMarks((await connection.read(sql))[0])
}
