import type { Database, Transaction } from './database.ts'
import { quoteIdentifier } from './identifier.ts'

/** Names of existing roles. One role may have several tasks. */
export interface Roles {
  /** Records events: append, and nothing else. Cannot read a payload, change or delete an event. */
  readonly writer?: string
  /** Reads the log and keeps leases and checkpoints. Cannot write an event. */
  readonly relay?: string
  /**
   * Keeps what consumers know. Records no event and reads none: who emits events is a writer too, and who receives them
   * from the log itself, without a broker, has the rights of a relay.
   */
  readonly consumer?: string
  /** Owns the schema: migrates it and creates partitions. */
  readonly migrator?: string
}

type Task = keyof Roles

// `:schema` and `:role` are replaced by quoted names: GRANT takes no bound values.
export const rights: Readonly<Record<Exclude<Task, 'migrator'>, readonly string[]>> = {
  writer: [
    'grant usage on schema :schema to :role',
    'grant select on :schema.migrations, :schema.settings to :role',
    'grant insert on :schema.events to :role',
    // To refuse a repeated id beyond the border of a partition; payload and metadata stay out of sight.
    'grant select (id, position) on :schema.events to :role',
    'grant usage on sequence :schema.events_position to :role',
    'grant select, insert on :schema.streams to :role',
    'grant update (version) on :schema.streams to :role',
    'grant execute on all functions in schema :schema to :role',
  ],
  relay: [
    'grant usage on schema :schema to :role',
    'grant select on :schema.migrations, :schema.settings, :schema.events, :schema.streams to :role',
    'grant select on sequence :schema.events_position to :role',
    'grant select, insert, update on :schema.leases, :schema.checkpoints, :schema.relays, :schema.relay_shards, :schema.refills to :role',
    'grant delete on :schema.relays to :role',
    'grant select, insert, update on :schema.dead_letters to :role',
    'grant select, insert, update, delete on :schema.quarantines to :role',
    'grant select, insert on :schema.dead_letter_audit to :role',
    // So that one role can tell how all are doing.
    'grant select on :schema.consumers, :schema.consumer_partitions, :schema.consumer_retries to :role',
    'grant execute on all functions in schema :schema to :role',
  ],
  consumer: [
    'grant usage on schema :schema to :role',
    'grant select on :schema.migrations, :schema.settings, :schema.inbox_slots to :role',
    'grant select, insert on :schema.consumers, :schema.inbox, :schema.dead_letter_audit to :role',
    'grant select, insert, update on :schema.consumer_partitions, :schema.inbox_windows, :schema.dead_letters to :role',
    'grant select, insert, update, delete on :schema.consumer_retries, :schema.notifications, :schema.quarantines to :role',
    'grant usage on sequence :schema.dead_letter_places to :role',
    'grant execute on all functions in schema :schema to :role',
  ],
}

const reset: readonly string[] = [
  'revoke all on all tables in schema :schema from :role',
  'revoke all on all sequences in schema :schema from :role',
  'revoke all on all functions in schema :schema from :role',
  'revoke all on schema :schema from :role',
]

// Functions are callable by PUBLIC unless that is taken back.
const closeSchema: readonly string[] = [
  'revoke all on all functions in schema :schema from public',
  'revoke all on schema :schema from public',
]

/** Every object that can change hands by itself; sequences of a column and partitions' indexes follow their table. */
const ownersSql = `
  select format('alter table %s owner to :role', c.oid::regclass) as statement
  from pg_class c where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p')
  union all
  select format('alter function %s owner to :role', p.oid::regprocedure)
  from pg_proc p where p.pronamespace = $1::regnamespace`

const render = (statement: string, schema: string, role: string): string =>
  statement
    .replaceAll(':schema', quoteIdentifier('schema', schema))
    .replaceAll(':role', quoteIdentifier('role', role))

const runAll = async (tx: Transaction, statements: readonly string[], role: string): Promise<void> => {
  for (const statement of statements) await tx.query(render(statement, tx.schema, role))
}

const changeOwner = async (tx: Transaction, migrator: string): Promise<void> => {
  const { rows } = await tx.query<{ statement: string }>(ownersSql, [quoteIdentifier('schema', tx.schema)])
  const statements = rows.map(({ statement }) => statement)
  await runAll(tx, [...statements, 'alter schema :schema owner to :role'], migrator)
}

/**
 * Gives existing roles what their task needs and takes away every other right on the schema; `docs/roles.md` lists it.
 * Needs the owner of the schema or a superuser. Calling it again after a migration covers new objects.
 *
 * @throws INVALID_IDENTIFIER, SCHEMA_MISSING, PERMISSION_DENIED
 */
export const grantRoles = (database: Database, roles: Roles): Promise<void> =>
  database.transaction(async (tx) => {
    const { migrator } = roles
    if (migrator !== undefined) await changeOwner(tx, migrator)
    await runAll(tx, closeSchema, migrator ?? 'public')
    const tasks = (['writer', 'relay', 'consumer'] as const).flatMap((task) => {
      const role = roles[task]
      // The owner has every right already, and could only lose some.
      return role === undefined || role === migrator ? [] : [{ task, role }]
    })
    // All taken away before anything is given, because one role may have two tasks.
    for (const { role } of tasks) await runAll(tx, reset, role)
    for (const { task, role } of tasks) await runAll(tx, rights[task], role)
  })
