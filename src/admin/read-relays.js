import { quoteIdentifier } from '../postgres/identifier.js';
const asTime = (column) => `to_json(${column} at time zone 'UTC') #>> '{}' || 'Z'`;
/** A lease that was given back ends at minus infinity. */
const relaysSql = (schema) => `
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
  order by r.name`;
export const readRelays = async (database) => (await database.query(relaysSql(quoteIdentifier('schema', database.schema)))).rows;
