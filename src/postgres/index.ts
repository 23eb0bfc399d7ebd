export type { PgDatabaseOptions } from './connection.ts'
export type {
  Database,
  IsolationLevel,
  Queryable,
  QueryResult,
  RawConnection,
  Transaction,
  TransactionOptions,
} from './database.ts'
export { type Embedded, type EmbeddedOptions, embedded } from './embedded.ts'
export { type MigrateOptions, type MigrationReport, migrate } from './migrate.ts'
export { pgDatabase } from './pg-database.ts'
export { assertSchema } from './schema-version.ts'
