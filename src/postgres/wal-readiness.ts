import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database } from './database.ts'

export interface WalReadiness {
  readonly walLevel: string
  /** Role may open a walsender. */
  readonly mayReplicate: boolean
  readonly slots: { readonly used: number; readonly most: number }
  readonly senders: { readonly used: number; readonly most: number }
}

interface ReadinessRow {
  readonly wal_level: string
  readonly may_replicate: boolean
  readonly slots_used: number
  readonly slots_most: number
  readonly senders_used: number
  readonly senders_most: number
}

const readinessSql = `
  select current_setting('wal_level') as wal_level,
    (select r.rolreplication or r.rolsuper from pg_roles r where r.rolname = current_user) as may_replicate,
    (select count(*)::int from pg_replication_slots) as slots_used,
    current_setting('max_replication_slots')::int as slots_most,
    (select count(*)::int from pg_stat_activity where backend_type = 'walsender') as senders_used,
    current_setting('max_wal_senders')::int as senders_most`

/** What reading the write-ahead log needs of the server and of this role, as far as SQL can tell. */
export const readWalReadiness = async (database: Database): Promise<WalReadiness> => {
  const row = (await database.query<ReadinessRow>(readinessSql)).rows[0]
  return {
    walLevel: row?.wal_level ?? '',
    mayReplicate: row?.may_replicate ?? false,
    slots: { used: row?.slots_used ?? 0, most: row?.slots_most ?? 0 },
    senders: { used: row?.senders_used ?? 0, most: row?.senders_most ?? 0 },
  }
}

/**
 * What a slot that does not exist yet needs, besides.
 *
 * @throws WAL_LEVEL_TOO_LOW, REPLICATION_DENIED
 */
export const checkWalReadiness = (database: Database, readiness: WalReadiness): void => {
  const { address } = database
  const { walLevel, mayReplicate } = readiness
  if (walLevel !== 'logical') throw new OnewriteError('WAL_LEVEL_TOO_LOW', { address, level: walLevel })
  if (!mayReplicate) {
    throw new OnewriteError('REPLICATION_DENIED', { cause: 'it lacks the attribute REPLICATION' })
  }
}
