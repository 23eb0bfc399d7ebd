import type { Transaction } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'
import { markId } from './mark-id.ts'

/**
 * Milliseconds before a slot opens from which marks are put into it as well. A transaction that lasts for less cannot
 * mark in one slot alone while another one marks the same event in the next.
 */
export const overlap = 600_000

interface MarkedRow {
  /** How many slots take marks now. */
  readonly open: number
  /** Those that were in no slot before. */
  readonly fresh: readonly string[]
}

// `open`: the slot that takes the marks now, and the one that soon will. What is in any slot already is left out before
// something is written, which keeps a redelivery cheap; the insert decides between transactions at the same time. It
// waits for the one that came first, in one order of ids, so that two of them cannot wait for each other.
const markSql = (schema: string): string => {
  const quoted = quoteIdentifier('schema', schema)
  return `
  with clock as materialized (select clock_timestamp() as now),
  slots as materialized (
    select s.slot, s.opens_at, clock.now,
      coalesce(max(s.slot) filter (where s.opens_at <= clock.now) over (), min(s.slot) over ()) as current
    from ${quoted}.inbox_slots s, clock),
  open as materialized (
    select slot from slots
    where slot = current or (slot > current and opens_at <= now + interval '${overlap} milliseconds')),
  seen as materialized (
    select i.id from ${quoted}.inbox i where i.consumer = $1 and i.id = any($2::uuid[])),
  marked as (
    insert into ${quoted}.inbox (consumer, slot, id)
    select $1, open.slot, given.id from unnest($2::uuid[]) as given(id), open
    where given.id not in (select seen.id from seen)
    order by open.slot, given.id
    on conflict on constraint inbox_pkey do nothing
    returning id)
  select (select count(*)::int from open) as open,
    array(select id from marked group by id having count(*) = (select count(*) from open))::text[] as fresh`
}

/**
 * Marks events as dealt with by a consumer and tells which of them were not before: only these may have an effect, in
 * this transaction. An event that another transaction is just marking is waited for. Of ids that are the same, one is
 * told as new.
 */
export const markInbox = async (
  tx: Transaction,
  consumer: number,
  ids: readonly string[],
): Promise<ReadonlySet<string>> => {
  const byMark = new Map(ids.map((id) => [markId(id), id]))
  if (byMark.size === 0) return new Set()
  const { rows } = await tx.query<MarkedRow>(markSql(tx.schema), [consumer, [...byMark.keys()]])
  const { open = 0, fresh = [] } = rows[0] ?? {}
  // Nothing was marked then, and what is not marked must not pass for seen.
  if (open === 0) throw new Error('no slot of the inbox takes marks')
  return new Set(fresh.flatMap((id) => byMark.get(id) ?? []))
}
