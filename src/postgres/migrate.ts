import { isOnewriteError } from '../error/onewrite-error.ts'
import { type Logger, silentLogger } from '../lifecycle/logger.ts'
import type { Database, Transaction } from './database.ts'
import { quoteIdentifier } from './identifier.ts'
import { type Migration, readMigrations, renderSql } from './migration-files.ts'
import { type AppliedMigration, checkApplied, readApplied } from './schema-version.ts'

export interface MigrateOptions {
  readonly log?: Logger
  /** Folder of the numbered files. Default: those of the package. */
  readonly folder?: URL
}

export interface MigrationReport {
  /** Version before; 0 where nothing was installed. */
  readonly from: number
  readonly to: number
  /** Names of the migrations that this call applied. */
  readonly applied: readonly string[]
}

// Transaction-scoped: a session lock would stay behind on a server connection of PgBouncer.
const lockSql = 'select pg_advisory_xact_lock(hashtextextended($1, 0))'
const lockName = (schema: string): string => `onewrite.migrate.${schema}`

// Asked first, because CREATE SCHEMA IF NOT EXISTS demands the right to create even where the schema exists.
const schemaExistsSql = 'select 1 from pg_namespace where nspname = $1'

const createTableSql = `
  create table if not exists :schema.migrations (
    version integer not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default clock_timestamp(),
    constraint migrations_pkey primary key (version)
  )`

const recordSql = (schema: string): string =>
  `insert into ${quoteIdentifier('schema', schema)}.migrations (version, name, checksum) values ($1, $2, $3)`

const prepareSchema = async (tx: Transaction): Promise<void> => {
  const { rowCount } = await tx.query(schemaExistsSql, [tx.schema])
  if (rowCount === 0) await tx.query(`create schema ${quoteIdentifier('schema', tx.schema)}`)
  await tx.query(renderSql(createTableSql, tx.schema))
}

const apply = async (tx: Transaction, { version, name, text, checksum }: Migration): Promise<void> => {
  await tx.query(renderSql(text, tx.schema))
  await tx.query(recordSql(tx.schema), [version, name, checksum])
}

/** Applies the next migration, alone with its record in one transaction; undefined when there is none. */
const applyNext = (database: Database, known: readonly Migration[]): Promise<Migration | undefined> =>
  database.transaction(async (tx) => {
    await tx.query(lockSql, [lockName(tx.schema)])
    await prepareSchema(tx)
    const applied = await readApplied(tx, tx.schema)
    checkApplied(tx.schema, known, applied)
    const next = known[applied.length]
    if (next !== undefined) await apply(tx, next)
    return next
  })

const readInstalled = async (database: Database): Promise<AppliedMigration[]> => {
  try {
    return await readApplied(database, database.schema)
  } catch (error) {
    if (isOnewriteError(error, 'SCHEMA_MISSING')) return []
    throw error
  }
}

/**
 * Installs the schema or brings it up to date: numbered, forward only. Any number of processes may call this at once;
 * each migration is applied by one of them. An up-to-date schema is only read, so that every service may call it.
 *
 * @throws SCHEMA_TOO_NEW, MIGRATION_CHANGED, PERMISSION_DENIED
 */
export const migrate = async (database: Database, options: MigrateOptions = {}): Promise<MigrationReport> => {
  const log = options.log ?? silentLogger
  const known = await readMigrations(options.folder)
  const before = await readInstalled(database)
  checkApplied(database.schema, known, before)
  const applied: string[] = []
  let upToDate = before.length === known.length
  while (!upToDate) {
    const done = await applyNext(database, known)
    if (done === undefined) upToDate = true
    else {
      applied.push(done.name)
      log.info({ schema: database.schema, migration: done.name }, 'migration applied')
    }
  }
  return { from: before.length, to: known.length, applied }
}
