import type { Database } from '../../../src/postgres/database.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { payloadSql } from './seed.ts'

/** Rows of a transaction of the backlog. */
export const unit = 10

const tableSql = `
  create table if not exists public.outbox (
    id uuid primary key,
    aggregatetype varchar(255) not null,
    aggregateid varchar(255) not null,
    type varchar(255) not null,
    payload jsonb)`

const fillSql = `
  create or replace procedure public.fill_outbox(events int, unit int, aggregates int) language plpgsql as $$
  begin
    for lowest in 0 .. events - 1 by unit loop
      insert into public.outbox (id, aggregatetype, aggregateid, type, payload)
      select gen_random_uuid(), 'order', md5((n % aggregates)::text)::uuid::text, 'order.created', ${payloadSql}
      from generate_series(lowest, least(lowest + unit, events) - 1) as n;
      commit;
    end loop;
  end $$`

const slotSql = 'select active from pg_replication_slots where slot_name = $1'

const dropSlotSql = `
  select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active`

/** The standard table of Debezium's documentation. */
export interface OutboxTable {
  /** In transactions of `rows`, which are on the disk when it resolves. */
  fill(events: number, rows?: number): Promise<void>
  empty(): Promise<void>
  slotActive(slot: string): Promise<boolean>
  dropSlot(slot: string): Promise<void>
  readonly database: Database
  close(): Promise<void>
}

export const openOutboxTable = async (databaseUrl: string): Promise<OutboxTable> => {
  const url = new URL(databaseUrl)
  // Only of what is written before the clock starts; nobody waits for the disk after each of 50,000 commits.
  url.searchParams.set('options', '-c synchronous_commit=off')
  const database = pgDatabase({ url: url.href, max: 2 })
  await database.query(tableSql)
  await database.query(fillSql)
  return {
    database,
    fill: async (events, rows = unit) => {
      await database.query('call public.fill_outbox($1::int, $2::int, 1000)', [events, rows])
      await database.query('checkpoint')
    },
    empty: async () => {
      await database.query('truncate public.outbox')
    },
    slotActive: async (slot) => {
      const { rows } = await database.query<{ active: boolean }>(slotSql, [slot])
      return rows[0]?.active === true
    },
    dropSlot: async (slot) => {
      await database.query(dropSlotSql, [slot])
    },
    close: () => database.close(),
  }
}
