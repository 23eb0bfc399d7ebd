import type { Queryable } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { isDividedSql, readerNameSql } from './subscriber/division.ts'

/** Who reads the log and remembers how far it came. */
export interface LogReader {
  /** `relay/orders`, `group/printer` */
  readonly name: string
  /** Up to where it has dealt with everything; undefined for a relay that is registered but has no checkpoint yet. */
  readonly position: bigint | undefined
}

/**
 * A relay counts from its registration on, before its first checkpoint. One with a checkpoint alone was written by a
 * version that did not register relays yet, or is a shard of an earlier division, which nobody waits for any more. A
 * group is as far as the partition of it that is behind the others.
 * An outbox of somebody else is not the log.
 */
export const logReadersSql = (schema: string): string => {
  const quoted = quoteIdentifier('schema', schema)
  return `
  select coalesce(${readerNameSql}, 'relay/' || r.name) as name, min(c.position)::text as position
  from ${quoted}.checkpoints c full join ${quoted}.relays r on c.name = 'relay/' || r.name
  where r.source is distinct from 'outbox' and (r.name is not null or c.name not like 'relay/%' or not exists (
    select from ${quoted}.relay_shards d
    where c.name = 'relay/' || d.relay
      or (starts_with(c.name, 'relay/' || d.relay || '.')
        and substr(c.name, length('relay/' || d.relay || '.') + 1) ~ '^[0-9]+[.][0-9]+$')))
    and (c.name is null or not ${isDividedSql(quoted)})
  group by 1`
}

/** All readers of the log, by name. Retention drops nothing that one of them has not passed. */
export const logReaders = async (queryable: Queryable, schema: string): Promise<readonly LogReader[]> => {
  const { rows } = await queryable.query<{ name: string; position: string | null }>(
    `${logReadersSql(schema)} order by 1`,
  )
  return rows.map(({ name, position }) => ({
    name,
    position: position === null ? undefined : BigInt(position),
  }))
}
