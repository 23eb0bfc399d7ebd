import { table } from '../dead-letter/fence.ts'
import { filterSql, filterValues } from '../dead-letter/list.ts'
import type { Database } from '../postgres/database.ts'
import { type DeadLetterNames, filterOf } from './dead-letters.ts'

/** Parked records that failed alike: mending one cause may release them all. */
export interface DeadLetterGroup {
  readonly fingerprint: string
  readonly reader: string
  readonly code: string
  readonly parked: number
  /** Queues they are in. */
  readonly quarantines: number
  /** Waiting behind them. */
  readonly waiting: number
  /** When the first and the last of them were set aside; RFC 3339. */
  readonly first: string
  readonly last: string
  /** Of the latest. */
  readonly cause: string
}

const asTime = (column: string): string => `to_json(${column} at time zone 'UTC') #>> '{}' || 'Z'`

const groupsSql = (schema: string): string => `
  with parked as (
    select * from ${table(schema, 'dead_letters')} where state = 'parked' and ${filterSql}
  ), behind as (
    select quarantine, count(*)::int as waiting from ${table(schema, 'dead_letters')}
    where state in ('held', 'released') and quarantine in (select quarantine from parked) group by quarantine
  ), queues as (
    select distinct reader, fingerprint, quarantine from parked
  )
  select p.reader, p.fingerprint, (array_agg(p.error_code order by p.number desc))[1] as code,
    count(*)::int as parked, count(distinct p.quarantine)::int as quarantines,
    coalesce((select sum(b.waiting) from queues q join behind b using (quarantine)
      where q.reader = p.reader and q.fingerprint = p.fingerprint), 0)::int as waiting,
    ${asTime('min(p.set_aside_at)')} as first, ${asTime('max(p.set_aside_at)')} as last,
    (array_agg(p.cause order by p.number desc))[1] as cause
  from parked p group by p.reader, p.fingerprint order by parked desc, p.reader, p.fingerprint`

/** What is parked, by kind of error; the largest group first. */
export const deadLetterGroups = async (
  database: Database,
  names: DeadLetterNames = {},
): Promise<readonly DeadLetterGroup[]> => {
  const values = filterValues(await filterOf(database, names))
  return (await database.query<DeadLetterGroup>(groupsSql(database.schema), values)).rows
}
