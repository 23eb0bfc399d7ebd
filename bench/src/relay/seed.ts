import { migrate } from '../../../src/postgres/migrate.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'

export interface Backlog {
  readonly databaseUrl: string
  /** Each backlog is a log of its own. */
  readonly schema: string
  readonly events: number
  readonly aggregates: number
  /** Events that one append recorded, and so leave together. */
  readonly unit: number
}

export interface SeededBacklog extends Backlog {
  readonly payloadBytes: number
}

// An order as a service would write it; the text PostgreSQL prints has about 330 bytes.
export const payloadSql = `
  jsonb_build_object(
    'orderId', gen_random_uuid(), 'customerId', gen_random_uuid(), 'status', 'created', 'currency', 'EUR',
    'totalAmount', (n % 90000 / 100.0)::numeric(12, 2)::text,
    'items', jsonb_build_array(
      jsonb_build_object('sku', 'SKU-' || (n % 5000), 'quantity', n % 7 + 1, 'price', '19.90'),
      jsonb_build_object('sku', 'SKU-' || (n % 4999), 'quantity', n % 3 + 1, 'price', '4.50')),
    'note', 'leave at the door')`

const eventsSql = (schema: string): string => `
  insert into ${schema}.events (id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
    metadata, occurred_at, tx_id, ordinal, count)
  select gen_random_uuid(), 'order', md5((n % $2)::text)::uuid::text, n / $2 + 1, 'order.created', 1, ${payloadSql},
    '{}', now(), ((n / $3 + 1000)::text)::xid8, n % $3, $3
  from generate_series(0, $1::int - 1) as n
  order by n`

const streamsSql = (schema: string): string => `
  insert into ${schema}.streams (aggregate_type, aggregate_id, version)
  select aggregate_type, aggregate_id, max(sequence) from ${schema}.events group by 1, 2`

const sizeSql = (schema: string): string => `
  select avg(octet_length(payload::text))::float8 as bytes
  from (select payload from ${schema}.events limit 1000) as sample`

/**
 * Fills a log with what many appends would have left there, in one statement. Rows are settled (vacuumed, on disk), so
 * that the first reader pays no more than the next.
 */
export const seed = async (backlog: Backlog): Promise<SeededBacklog> => {
  const { databaseUrl, schema, events, aggregates, unit } = backlog
  if (events % unit !== 0) throw new Error(`${events} events do not make whole units of ${unit}`)
  const database = pgDatabase({ url: databaseUrl, schema })
  try {
    await migrate(database)
    await database.query(eventsSql(schema), [events, aggregates, unit])
    await database.query(streamsSql(schema))
    await database.query(`vacuum (analyze) ${schema}.events`)
    await database.query('checkpoint')
    const { rows } = await database.query<{ bytes: number }>(sizeSql(schema))
    return { ...backlog, payloadBytes: Math.round(rows[0]?.bytes ?? 0) }
  } finally {
    await database.close()
  }
}
