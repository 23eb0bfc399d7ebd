import { migrate } from '../../../src/postgres/migrate.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { payloadSql } from './seed.ts'

/** As `fill_outbox` does it, with what an append would have written beside the payload. */
const fillSql = (schema: string): string => `
  create or replace procedure ${schema}.fill_log(start int, events int, unit int, aggregates int) language plpgsql as $$
  begin
    for lowest in start .. start + events - 1 by unit loop
      insert into ${schema}.events (id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
        metadata, occurred_at, tx_id, ordinal, count)
      select gen_random_uuid(), 'order', md5((n % aggregates)::text)::uuid::text, n / aggregates + 1, 'order.created',
        1, ${payloadSql}, '{}', now(), pg_current_xact_id(), n - lowest, least(unit, start + events - lowest)
      from generate_series(lowest, least(lowest + unit, start + events) - 1) as n
      order by n;
      commit;
    end loop;
  end $$`

/** A log of its own. */
export interface LogTable {
  readonly databaseUrl: string
  readonly schema: string
  /** Appends events in transactions of `unit`; resolves with the position of the last one. */
  fill(events: number, unit: number): Promise<string>
  /** Statistics, and the disk at rest. */
  settle(): Promise<void>
  drop(): Promise<void>
}

export const openLogTable = async (databaseUrl: string, schema: string): Promise<LogTable> => {
  const url = new URL(databaseUrl)
  url.searchParams.set('options', '-c synchronous_commit=off')
  const database = pgDatabase({ url: url.href, schema, max: 1 })
  await migrate(database)
  await database.query(fillSql(schema))
  let filled = 0
  return {
    databaseUrl,
    schema,
    fill: async (events, unit) => {
      await database.query(`call ${schema}.fill_log($1::int, $2::int, $3::int, 1000)`, [filled, events, unit])
      filled += events
      const { rows } = await database.query<{ last: string }>(
        `select max(position)::text as last from ${schema}.events`,
      )
      return rows[0]?.last ?? '0'
    },
    settle: async () => {
      await database.query(`vacuum (analyze) ${schema}.events`)
      await database.query('checkpoint')
    },
    drop: async () => {
      await database.query(`drop schema ${schema} cascade`)
      await database.query(
        `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name like 'onewrite_%' and not active`,
      )
      await database.query(`drop publication if exists ${schema}_events`)
      await database.close()
    },
  }
}
