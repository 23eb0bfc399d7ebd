import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { readWalReadiness, type WalReadiness } from '../postgres/wal-readiness.ts'

export interface WalRelay {
  readonly name: string
  /** False: it reads an outbox of somebody else. */
  readonly readsLog: boolean
}

/** What most checks of PostgreSQL go by, read once. */
export interface ServerFacts {
  readonly database: Database
  /** 180004 for 18.4. */
  readonly versionNumber: number
  readonly version: string
  readonly isReplica: boolean
  readonly isSuperuser: boolean
  readonly wal: WalReadiness
  /** Relays that need the write-ahead log; undefined where the schema is not there or not up to date. */
  readonly walRelays: readonly WalRelay[] | undefined
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

/** A relay that chooses its source itself needs the write-ahead log only while it reads that. */
const walRelaysSql = (schema: string): string => {
  const quoted = quoteIdentifier('schema', schema)
  return `
  select r.name, r.source <> 'outbox' as "readsLog"
  from ${quoted}.relays r left join ${quoted}.checkpoints c on c.name = 'relay/' || r.name
  where r.slot is not null and (r.source <> 'auto' or c.state like '%"source":"wal"%')
  order by r.name`
}

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
  const relays = await database.query<WalRelay>(walRelaysSql(database.schema)).catch(() => undefined)
  return {
    database,
    versionNumber: row?.number ?? 0,
    version: row?.version ?? '',
    isReplica: row?.replica === true,
    isSuperuser: row?.superuser === true,
    wal: await readWalReadiness(database),
    walRelays: relays?.rows,
    openFor,
    setting: (name) => values.get(name),
  }
}

export const usesWal = ({ walRelays = [] }: ServerFacts): boolean => walRelays.length > 0
