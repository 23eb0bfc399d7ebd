import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Queryable } from './database.ts'
import { quoteIdentifier } from './identifier.ts'
import { type Migration, readMigrations } from './migration-files.ts'

export interface AppliedMigration {
  readonly version: number
  readonly name: string
  readonly checksum: string
}

const appliedSql = (schema: string): string =>
  `select version, name, checksum from ${quoteIdentifier('schema', schema)}.migrations order by version`

/** The migrations a schema has. @throws SCHEMA_MISSING */
export const readApplied = async (queryable: Queryable, schema: string): Promise<AppliedMigration[]> =>
  (await queryable.query<AppliedMigration>(appliedSql(schema))).rows

/**
 * Refuses a schema that another version of the program left behind, or that was tampered with.
 *
 * @throws SCHEMA_TOO_NEW, MIGRATION_CHANGED
 */
export const checkApplied = (
  schema: string,
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
): void => {
  const found = applied.at(-1)?.version ?? 0
  if (found > known.length) throw new OnewriteError('SCHEMA_TOO_NEW', { schema, found, known: known.length })
  for (const { version, name, checksum } of applied) {
    if (known[version - 1]?.checksum !== checksum) {
      throw new OnewriteError('MIGRATION_CHANGED', { schema, name })
    }
  }
}

/**
 * Makes sure that this program and the schema of the database fit together. Needs only SELECT on `migrations`.
 *
 * @throws SCHEMA_MISSING, SCHEMA_TOO_OLD, SCHEMA_TOO_NEW, MIGRATION_CHANGED
 */
export const assertSchema = async (database: Database): Promise<void> => {
  const { schema } = database
  const known = await readMigrations()
  const applied = await readApplied(database, schema)
  checkApplied(schema, known, applied)
  if (applied.length === 0) throw new OnewriteError('SCHEMA_MISSING', { schema })
  if (applied.length < known.length) {
    throw new OnewriteError('SCHEMA_TOO_OLD', { schema, found: applied.length, known: known.length })
  }
}
