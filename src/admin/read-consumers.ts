import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

export interface PartitionRow {
  readonly name: string
  readonly owner: string
  readonly settled: string | null
  readonly settled_at: string | null
  readonly log_end: string | null
  /** Seconds since its owner was heard of. */
  readonly silence: number
  /** Seconds since the oldest record in hand was written. */
  readonly oldest_age: number | null
}

/** A consumer with its partitions, retries and quarantines. */
export interface ConsumerRow {
  readonly name: string
  readonly since: string
  readonly partitions: readonly PartitionRow[]
  readonly retries: number
  readonly queues: number
  readonly parked: number
  readonly held: number
  readonly released: number
  readonly quarantined_since: string | null
}

const asTime = (column: string): string => `to_json(${column} at time zone 'UTC') #>> '{}' || 'Z'`
const ageOf = (column: string): string => `extract(epoch from clock_timestamp() - ${column})::float8`

// By topic, and in it by number: order.events/10 comes after order.events/9, log/10-of-16 after log/9-of-16.
const consumersSql = (schema: string): string => `
  select c.name, ${asTime('c.since')} as since, coalesce(p.partitions, '[]') as partitions,
    (select count(*)::int from ${schema}.consumer_retries r where r.consumer = c.id) as retries,
    q.queues, q.quarantined_since, d.parked, d.held, d.released
  from ${schema}.consumers c
  cross join lateral (
    select json_agg(json_build_object('name', p.name, 'owner', p.owner, 'settled', p.settled::text,
        'settled_at', ${asTime('p.settled_at')}, 'log_end', p.log_end::text,
        'silence', ${ageOf('greatest(p.heard_at, p.owned_at, p.settled_at)')},
        'oldest_age', case when p.settled >= p.log_end then null else ${ageOf('p.oldest')} end)
      order by regexp_replace(p.name, '/[0-9]+(-of-[0-9]+)?$', ''),
        coalesce(substring(p.name from '/([0-9]{1,9})(?:-of-[0-9]+)?$')::int, 0))
      as partitions
    from ${schema}.consumer_partitions p where p.consumer = c.id
  ) p
  cross join lateral (
    select count(*)::int as queues, ${asTime('min(q.since)')} as quarantined_since
    from ${schema}.quarantines q where q.reader = 'consumer/' || c.name
  ) q
  cross join lateral (
    select count(*) filter (where state = 'parked')::int as parked,
      count(*) filter (where state = 'held')::int as held, count(*) filter (where state = 'released')::int as released
    from ${schema}.dead_letters d
    where d.reader = 'consumer/' || c.name and d.state in ('parked', 'held', 'released')
  ) d
  where $1::text is null or c.name = $1
  order by c.name`

export const readConsumers = async (
  database: Database,
  consumer: string | undefined,
): Promise<readonly ConsumerRow[]> => {
  const sql = consumersSql(quoteIdentifier('schema', database.schema))
  return (await database.query<ConsumerRow>(sql, [consumer ?? null])).rows
}
