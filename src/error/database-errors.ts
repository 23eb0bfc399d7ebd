import { type ErrorRow, eventsWait, nothingRecorded } from './error-row.ts'

/** Errors of connections to PostgreSQL and of the schema. */
export const databaseErrors = {
  INVALID_IDENTIFIER: {
    message: '{what} {value} is not a valid name',
    delivery: 'Nothing was started.',
    fix: 'Use 1 to 63 characters: a lower-case letter or underscore, then lower-case letters, digits and underscores.',
    retryable: false,
  },
  DATABASE_UNREACHABLE: {
    message: 'PostgreSQL at {address} cannot be reached: {cause}',
    delivery: eventsWait,
    fix: 'Check that the server runs and that host, port and firewall are right.',
    retryable: true,
  },
  DATABASE_AUTHENTICATION: {
    message: 'PostgreSQL at {address} refused the credentials: {cause}',
    delivery: eventsWait,
    fix: 'Check user, password and database name, and pg_hba.conf.',
    retryable: false,
  },
  DATABASE_IS_REPLICA: {
    message: 'PostgreSQL at {address} is a replica',
    delivery: eventsWait,
    fix: 'Connect to the primary: on a replica the order of the log cannot be known.',
    retryable: true,
  },
  SCHEMA_MISSING: {
    message: 'schema {schema} holds no onewrite log',
    delivery: nothingRecorded,
    fix: 'Run onewrite migrate (or let the service migrate at start), and check the configured schema name.',
    retryable: false,
  },
  SCHEMA_TOO_NEW: {
    message: 'schema {schema} has version {found}, this program knows versions up to {known}',
    delivery: eventsWait,
    fix: 'Deploy the version of onewrite that installed this schema, or a later one.',
    retryable: false,
  },
  SCHEMA_TOO_OLD: {
    message: 'schema {schema} has version {found}, this program needs {known}',
    delivery: eventsWait,
    fix: 'Run onewrite migrate with a role that may create tables.',
    retryable: false,
  },
  MIGRATION_CHANGED: {
    message: 'migration {name} was applied to schema {schema} with other content than this program ships',
    delivery: eventsWait,
    fix: 'Applied migrations never change: restore the file, and put the change into a new migration.',
    retryable: false,
  },
  PERMISSION_DENIED: {
    message: 'the role of this connection may not {operation}: {cause}',
    delivery: eventsWait,
    fix: 'Grant what docs/roles.md lists for this role.',
    retryable: false,
  },
  EMBEDDED_UNAVAILABLE: {
    message: 'embedded PostgreSQL cannot be started: {cause}',
    delivery: 'Nothing was started.',
    fix: '{fix}',
    retryable: false,
  },
} as const satisfies Record<string, ErrorRow>
