import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

/** A registered relay with its lease, its checkpoint and its replication slot. */
export interface RelayRow {
  readonly name: string
  readonly source: string
  readonly delivery: string
  readonly shard: number
  readonly shards: number
  readonly registered_owner: string
  readonly led_at: string
  readonly lease_owner: string | null
  readonly lease_expires_at: string | null
  readonly held: boolean | null
  readonly position: string | null
  readonly checkpoint_age: number | null
  readonly slot: string | null
  readonly wal_budget: string | null
  readonly slot_exists: boolean
  readonly slot_active: boolean | null
  readonly wal_status: string | null
  readonly safe_bytes: string | null
  readonly retained_bytes: string | null
  readonly slot_lag_bytes: string | null
}

const asTime = (column: string): string => `to_json(${column} at time zone 'UTC') #>> '{}' || 'Z'`

/** A lease that was given back ends at minus infinity. */
const relaysSql = (schema: string): string => `
  with wal as (
    select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end as lsn
  )
  select r.name, r.source, r.delivery, r.shard, r.shards, r.owner as registered_owner, ${asTime('r.led_at')} as led_at,
    l.owner as lease_owner,
    case when l.expires_at > '-infinity' then ${asTime('l.expires_at')} end as lease_expires_at,
    l.expires_at > clock_timestamp() as held,
    c.position::text as position,
    extract(epoch from clock_timestamp() - c.updated_at)::float8 as checkpoint_age,
    r.slot, r.wal_budget::text as wal_budget, s.slot_name is not null as slot_exists, s.active as slot_active,
    s.wal_status, s.safe_wal_size::text as safe_bytes,
    pg_wal_lsn_diff(wal.lsn, s.restart_lsn)::bigint::text as retained_bytes,
    pg_wal_lsn_diff(wal.lsn, s.confirmed_flush_lsn)::bigint::text as slot_lag_bytes
  from ${schema}.relays r
  cross join wal
  left join ${schema}.leases l on l.name = 'relay/' || r.name
  left join ${schema}.checkpoints c on c.name = 'relay/' || r.name
  left join pg_replication_slots s on s.slot_name = r.slot
  order by r.name`

export const readRelays = async (database: Database): Promise<readonly RelayRow[]> =>
  (await database.query<RelayRow>(relaysSql(quoteIdentifier('schema', database.schema)))).rows
