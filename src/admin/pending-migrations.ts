import { isOnewriteError } from '../error/onewrite-error.ts'
import type { Database } from '../postgres/database.ts'
import { readMigrations } from '../postgres/migration-files.ts'
import { checkApplied, readApplied } from '../postgres/schema-version.ts'

export interface PendingMigrations {
  /** Version of the schema; 0 where nothing is installed. */
  readonly installed: number
  /** Version that this program needs. */
  readonly needed: number
  /** Names of the migrations that migrate() would apply, in order. */
  readonly pending: readonly string[]
}

const appliedTo = async (database: Database) => {
  try {
    return await readApplied(database, database.schema)
  } catch (error) {
    if (isOnewriteError(error, 'SCHEMA_MISSING')) return []
    throw error
  }
}

/**
 * What migrate() would do. Needs SELECT on `migrations`.
 *
 * @throws SCHEMA_TOO_NEW, MIGRATION_CHANGED
 */
export const pendingMigrations = async (database: Database): Promise<PendingMigrations> => {
  const known = await readMigrations()
  const applied = await appliedTo(database)
  checkApplied(database.schema, known, applied)
  const pending = known.slice(applied.length).map(({ name }) => name)
  return { installed: applied.length, needed: known.length, pending }
}
