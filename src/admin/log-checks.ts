import { lastPosition } from '../log/last-position.ts'
import { logPartitions } from '../log/log-partitions.ts'
import { isDividedSql, readerNameSql } from '../log/subscriber/division.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { type Check, ok, problem, skipped, warning } from './check.ts'
import type { ServerFacts } from './server-facts.ts'

const partitions: Check<ServerFacts> = {
  name: 'log.partitions',
  look: async ({ database }) => {
    const next = (await lastPosition(database)) + 1n
    const all = await logPartitions(database, database.schema)
    const ahead = all.filter(({ from }) => from > next)
    const fix =
      'Let a service run with the owner of the log, which creates partitions ahead, or call createPartitions().'
    if (!all.some(({ from, to }) => from <= next && next <= to)) {
      return problem(`no partition for position ${next}: events go where retention cannot drop them`, fix)
    }
    if (ahead.length === 0) return warning('no partition is ready beyond the one in use', fix)
    return ok(`the partition in use and ${ahead.length} ahead are there`)
  },
}

const overflowSql = (schema: string): string =>
  `select count(*)::text as events from (select from ${quoteIdentifier('schema', schema)}.events_overflow limit 10000) e`

const overflow: Check<ServerFacts> = {
  name: 'log.overflow',
  look: async ({ database }) => {
    const { rows } = await database.query<{ events: string }>(overflowSql(database.schema))
    const events = rows[0]?.events ?? '0'
    if (events === '0') return ok('every event has a partition of its own')
    return warning(
      `${events === '10000' ? '10000 or more' : events} events found no partition of their own; retention cannot drop them`,
      'Nothing is lost and nothing needs to be done; see log.partitions, so that they do not become more.',
    )
  },
}

interface OpenTransaction {
  readonly who: string
  readonly seconds: number
  readonly holds: boolean
}

/** The mode of an INSERT: as long as it is held, the log cannot be read beyond where the holder began. */
const openSql = `
  select 'process ' || a.pid || ' (' || coalesce(nullif(a.application_name, ''), a.usename::text, '?') || ')' as who,
    extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds,
    exists (select from pg_locks l where l.pid = a.pid and l.relation = $1::regclass
      and l.mode = 'RowExclusiveLock' and l.granted) as holds
  from pg_stat_activity a
  where a.datname = current_database() and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
    and a.xact_start < clock_timestamp() - $2::bigint * interval '1 millisecond'
  union all
  select 'prepared transaction ' || quote_literal(p.gid),
    extract(epoch from clock_timestamp() - p.prepared)::float8,
    exists (select from pg_locks l where l.relation = $1::regclass and l.mode = 'RowExclusiveLock'
      and l.virtualtransaction = '-1/' || p.transaction)
  from pg_prepared_xacts p
  where p.database = current_database() and p.prepared < clock_timestamp() - $2::bigint * interval '1 millisecond'
  order by seconds desc`

const hour = 3600

const openTransactions: Check<ServerFacts> = {
  name: 'log.open-transactions',
  look: async ({ database, openFor }) => {
    const events = `${quoteIdentifier('schema', database.schema)}.events`
    const { rows } = await database.query<OpenTransaction>(openSql, [events, openFor])
    const describe = ({ who, seconds }: OpenTransaction): string =>
      `${who}, open for ${Math.round(seconds)} s`
    const holding = rows.filter(({ holds }) => holds).map(describe)
    if (holding.length > 0) {
      return problem(
        `nothing recorded after these can be published: ${holding.join('; ')}`,
        'End them: select pg_terminate_backend(pid), or rollback prepared. Then find out who left them open.',
      )
    }
    const old = rows.filter(({ seconds }) => seconds > hour).map(describe)
    if (old.length === 0) return ok('no transaction holds back the log')
    return warning(
      `${old.join('; ')}: they keep old WAL and dead rows, and retention from dropping what they have read`,
      'End them: select pg_terminate_backend(pid), or rollback prepared.',
    )
  },
}

const readers: Check<ServerFacts> = {
  name: 'log.readers-known',
  look: async ({ database, walRelays }) => {
    if (walRelays === undefined) return skipped('the schema is not up to date')
    const { rows } = await database.query<{ name: string; age: number }>(neverReadSql(database.schema))
    if (rows.length === 0)
      return ok('every reader of the log was heard of within a week, or has read everything')
    const names = rows.map(({ name, age }) => `${name} (${Math.round(age)} days)`)
    return warning(
      `not heard of for a week, and behind: ${names.join(', ')}; retention keeps everything for them`,
      'Start them; or forget those that are gone for good: onewrite relay forget, onewrite group forget.',
    )
  },
}

const neverReadSql = (schema: string): string => {
  const quoted = quoteIdentifier('schema', schema)
  return `
  select ${readerNameSql} as name, max(extract(epoch from clock_timestamp() - c.updated_at)::float8 / 86400) as age
  from ${quoted}.checkpoints c
  where c.updated_at < clock_timestamp() - interval '7 days'
    and (c.name not like 'relay/%' or exists (select from ${quoted}.relays r where c.name = 'relay/' || r.name))
    and not ${isDividedSql(quoted)}
    and exists (select from ${quoted}.events e where e.position > c.position)
  group by 1 order by 1`
}

export const logChecks: readonly Check<ServerFacts>[] = [partitions, overflow, openTransactions, readers]
