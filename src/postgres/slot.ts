import { OnewriteError } from '../error/onewrite-error.ts'
import { sqlState } from './connection-error.ts'
import type { Queryable } from './database.ts'
import { parseLsn } from './lsn.ts'

/** `lost`: PostgreSQL has removed WAL that the slot needs, or is about to. */
export type WalStatus = 'reserved' | 'extended' | 'unreserved' | 'lost'

export interface SlotState {
  readonly slot: string
  readonly plugin: string
  /** Database it belongs to; empty for a physical slot. */
  readonly database: string
  /** Somebody reads it now. */
  readonly active: boolean
  readonly activePid: number | undefined
  /** Application name of the reader. */
  readonly activeApplication: string | undefined
  /** Everything that ends at or before this was acknowledged. */
  readonly confirmed: bigint
  /** From here on the write-ahead log is retained. */
  readonly restart: bigint
  readonly walStatus: WalStatus
  /** Bytes that may still be written before the slot is in danger of being lost; undefined without a limit. */
  readonly safeBytes: bigint | undefined
  /** Why PostgreSQL has given the slot up; always undefined before version 16. */
  readonly invalidation: string | undefined
  /** Bytes of write-ahead log that PostgreSQL keeps for it. */
  readonly retained: bigint
}

interface SlotRow {
  readonly plugin: string | null
  readonly database: string | null
  readonly active: boolean
  readonly active_pid: number | null
  readonly application_name: string | null
  readonly confirmed: string | null
  readonly restart: string | null
  readonly wal_status: string | null
  readonly safe_bytes: string | null
  readonly invalidation: string | null
  readonly retained: string | null
}

// Columns differ from version to version (invalidation_reason since 17, `conflicting` in its place in 16): through
// jsonb a column that this version lacks is null.
const stateSql = `
  select s.plugin, s.database, s.active, s.active_pid, a.application_name,
    s.confirmed_flush_lsn::text as confirmed, s.restart_lsn::text as restart, s.wal_status,
    s.safe_wal_size::text as safe_bytes,
    coalesce(j.slot ->> 'invalidation_reason',
      case when j.slot ->> 'conflicting' = 'true' then 'conflicting' end) as invalidation,
    pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint::text as retained
  from pg_replication_slots s
  cross join lateral (select to_jsonb(s) as slot) j
  left join pg_stat_activity a on a.pid = s.active_pid
  where s.slot_name = $1`

const isWalStatus = (value: string | null): value is WalStatus =>
  value === 'reserved' || value === 'extended' || value === 'unreserved' || value === 'lost'

const lsn = (value: string | null): bigint => (value === null ? 0n : parseLsn(value))

const toState = (slot: string, row: SlotRow): SlotState => ({
  slot,
  plugin: row.plugin ?? '',
  database: row.database ?? '',
  active: row.active,
  activePid: row.active_pid ?? undefined,
  activeApplication: row.application_name ?? undefined,
  confirmed: lsn(row.confirmed),
  restart: lsn(row.restart),
  // An invalidated slot retains nothing, and versions before 17 do not always say so in wal_status.
  walStatus: row.restart === null ? 'lost' : isWalStatus(row.wal_status) ? row.wal_status : 'reserved',
  safeBytes: row.safe_bytes === null ? undefined : BigInt(row.safe_bytes),
  invalidation: row.invalidation ?? undefined,
  retained: BigInt(row.retained ?? '0'),
})

/** What PostgreSQL knows of a slot; undefined where it does not exist. */
export const readSlot = async (database: Queryable, slot: string): Promise<SlotState | undefined> => {
  const { rows } = await database.query<SlotRow>(stateSql, [slot])
  return rows[0] && toState(slot, rows[0])
}

/**
 * Refuses a slot that can never be ours.
 *
 * @throws SLOT_ELSEWHERE
 */
export const checkSlotOwner = async (database: Queryable, { slot, ...state }: SlotState): Promise<void> => {
  const { rows } = await database.query<{ name: string }>('select current_database() as name')
  if (state.plugin === 'pgoutput' && state.database === rows[0]?.name) return
  const owner =
    state.plugin === 'pgoutput'
      ? `database ${state.database}`
      : `another program (plugin ${state.plugin === '' ? 'none' : state.plugin})`
  throw new OnewriteError('SLOT_ELSEWHERE', { slot, owner })
}

const dropSql = 'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1'

/**
 * Drops a slot; nothing happens where it does not exist.
 *
 * @throws SLOT_IN_USE, PERMISSION_DENIED
 */
export const dropSlot = async (database: Queryable, slot: string): Promise<void> => {
  try {
    await database.query(dropSql, [slot])
  } catch (error) {
    const state = sqlState(error)
    if (state === '42704') return
    if (state !== '55006') throw error
    throw new OnewriteError('SLOT_IN_USE', { slot, cause: String(error) }, { cause: error })
  }
}
