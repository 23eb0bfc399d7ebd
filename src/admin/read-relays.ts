import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

/** A registered relay with its lease, checkpoint, replication slot, dead letters and last refill. */
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
  readonly state: string | null
  readonly checkpoint_age: number | null
  readonly slot: string | null
  readonly wal_budget: string | null
  readonly slot_exists: boolean
  readonly slot_active: boolean | null
  readonly wal_status: string | null
  readonly safe_bytes: string | null
  readonly retained_bytes: string | null
  readonly slot_lag_bytes: string | null
  readonly queues: string
  readonly parked: string
  readonly waiting: string
  readonly refills: string
  readonly refill_reason: string | null
  readonly refill_from: string | null
  readonly refill_to: string | null
  readonly refill_found_at: string | null
  readonly refill_finished_at: string | null
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
    c.position::text as position, c.state,
    extract(epoch from clock_timestamp() - c.updated_at)::float8 as checkpoint_age,
    r.slot, r.wal_budget::text as wal_budget, s.slot_name is not null as slot_exists, s.active as slot_active,
    s.wal_status, s.safe_wal_size::text as safe_bytes,
    pg_wal_lsn_diff(wal.lsn, s.restart_lsn)::bigint::text as retained_bytes,
    pg_wal_lsn_diff(wal.lsn, s.confirmed_flush_lsn)::bigint::text as slot_lag_bytes,
    (select count(*) from ${schema}.quarantines q where q.reader = 'relay/' || r.name)::text as queues,
    (select count(*) from ${schema}.dead_letters d
      where d.reader = 'relay/' || r.name and d.state = 'parked')::text as parked,
    (select count(*) from ${schema}.dead_letters d
      where d.reader = 'relay/' || r.name and d.state = 'held')::text as waiting,
    (select count(*) from ${schema}.refills f where f.relay = r.name)::text as refills,
    refill.reason as refill_reason, refill.from_position::text as refill_from,
    refill.to_position::text as refill_to, ${asTime('refill.found_at')} as refill_found_at,
    ${asTime('refill.finished_at')} as refill_finished_at
  from ${schema}.relays r
  cross join wal
  left join ${schema}.leases l on l.name = 'relay/' || r.name
  left join ${schema}.checkpoints c on c.name = 'relay/' || r.name
  left join pg_replication_slots s on s.slot_name = r.slot
  left join lateral (
    select * from ${schema}.refills f where f.relay = r.name order by f.id desc limit 1) refill on true
  order by r.name`

export const readRelays = async (database: Database): Promise<readonly RelayRow[]> =>
  (await database.query<RelayRow>(relaysSql(quoteIdentifier('schema', database.schema)))).rows
