import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { readWalReadiness, type WalReadiness } from '../postgres/wal-readiness.ts'

/** What most checks of PostgreSQL go by, read once. */
export interface ServerFacts {
  readonly database: Database
  /** 180004 for 18.4. */
  readonly versionNumber: number
  readonly version: string
  readonly isReplica: boolean
  readonly isSuperuser: boolean
  readonly wal: WalReadiness
  /** Names of relays that read the write-ahead log; undefined where the schema is not there or not up to date. */
  readonly walRelays: readonly string[] | undefined
  /** Milliseconds from which on a transaction counts as left open. */
  readonly openFor: number
  /** A setting as PostgreSQL holds it: a number in its base unit, or text; undefined where the version lacks it. */
  setting(name: string): string | undefined
}

const settings = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'max_slot_wal_keep_size',
  'wal_sender_timeout',
  'idle_in_transaction_session_timeout',
  'idle_replication_slot_timeout',
  'max_prepared_transactions',
]

const factsSql = `
  select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
    pg_is_in_recovery() as replica,
    (select r.rolsuper from pg_roles r where r.rolname = current_user) as superuser`

const settingsSql = 'select name, setting from pg_settings where name = any($1)'

const walRelaysSql = (schema: string): string =>
  `select name from ${quoteIdentifier('schema', schema)}.relays where slot is not null order by name`

interface FactsRow {
  readonly number: number
  readonly version: string
  readonly replica: boolean
  readonly superuser: boolean
}

export const readServerFacts = async (database: Database, openFor: number): Promise<ServerFacts> => {
  const [row] = (await database.query<FactsRow>(factsSql)).rows
  const { rows } = await database.query<{ name: string; setting: string }>(settingsSql, [settings])
  const values = new Map(rows.map(({ name, setting }) => [name, setting]))
  // A check of its own says what is wrong with the schema.
  const relays = await database.query<{ name: string }>(walRelaysSql(database.schema)).catch(() => undefined)
  return {
    database,
    versionNumber: row?.number ?? 0,
    version: row?.version ?? '',
    isReplica: row?.replica === true,
    isSuperuser: row?.superuser === true,
    wal: await readWalReadiness(database),
    walRelays: relays?.rows.map(({ name }) => name),
    openFor,
    setting: (name) => values.get(name),
  }
}

export const usesWal = ({ walRelays = [] }: ServerFacts): boolean => walRelays.length > 0
