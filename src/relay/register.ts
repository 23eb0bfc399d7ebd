import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import type { RelaySource } from './source.ts'

export interface Registration {
  /** Of the relay. */
  readonly name: string
  readonly delivery: string
  readonly source: RelaySource
  readonly shard: { readonly index: number; readonly of: number }
  readonly owner: string
}

const registerSql = (schema: string): string => `
  insert into ${quoteIdentifier('schema', schema)}.relays
    (name, source, delivery, slot, wal_budget, shard, shards, owner)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict on constraint relays_pkey do update
  set source = excluded.source, delivery = excluded.delivery, slot = excluded.slot,
      wal_budget = excluded.wal_budget, shard = excluded.shard, shards = excluded.shards,
      owner = excluded.owner, led_at = clock_timestamp()`

/** Writes down who leads and how it reads, for status and retention. The lease lets one leader at a time do so. */
export const register = async (database: Database, registration: Registration): Promise<void> => {
  const { name, delivery, source, shard, owner } = registration
  const { kind, slotOf, walBudget = null } = source
  const values = [name, kind, delivery, slotOf?.(name) ?? null, walBudget, shard.index, shard.of, owner]
  await database.query(registerSql(database.schema), values)
}
