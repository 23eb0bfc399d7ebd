import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

const table = (schema: string): string => `${quoteIdentifier('schema', schema)}.consumers`

const findSql = (schema: string): string => `select id from ${table(schema)} where name = $1`

const registerSql = (schema: string): string =>
  `insert into ${table(schema)} (name) values ($1) on conflict on constraint consumers_name do nothing`

/** The number that stands for a consumer in every row it writes. The first instance of that name draws it. */
export const registerConsumer = async (database: Database, name: string): Promise<number> => {
  const find = async (): Promise<number | undefined> =>
    (await database.query<{ id: number }>(findSql(database.schema), [name])).rows[0]?.id
  for (;;) {
    const id = await find()
    if (id !== undefined) return id
    await database.query(registerSql(database.schema), [name])
  }
}
