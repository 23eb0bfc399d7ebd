export { type Checkpoint, readCheckpoint, saveCheckpoint, takeCheckpoint } from './checkpoint.ts'
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
export { acquireLease, type Lease, type LeaseRequest, releaseLease, renewLease } from './lease.ts'
export { type MigrateOptions, type MigrationReport, migrate } from './migrate.ts'
export { pgDatabase } from './pg-database.ts'
export { pgTransaction } from './pg-transaction.ts'
export { grantRoles, type Roles } from './roles.ts'
export { assertSchema } from './schema-version.ts'
