import { table } from '../dead-letter/fence.ts'
import type { Database } from '../postgres/database.ts'
import { type DeadLetterNames, filterOf } from './dead-letters.ts'

/** A queue: of a key, of a whole topic, or of one record without a key. */
export interface Quarantine {
  readonly number: bigint
  readonly reader: string
  readonly scope: 'key' | 'topic' | 'record'
  /** Of the records; for a consumer the type of the aggregate where it knows the event. */
  readonly topic: string
  /** The key, or the id of the record; empty for a topic. Bytes that are no text are written in base64. */
  readonly subject: string
  readonly since: Date
  readonly parked: number
  /** Waiting behind what is parked. */
  readonly held: number
  /** Let go, and not delivered yet. */
  readonly released: number
  /** Of the values. */
  readonly bytes: bigint
}

interface QuarantineRow extends Omit<Quarantine, 'number' | 'bytes' | 'subject'> {
  readonly number: string
  readonly subject: Buffer
  readonly bytes: string
}

const quarantinesSql = (schema: string): string => `
  select q.number, q.reader, q.scope, q.topic, q.subject, q.since, d.parked, d.held, d.released, d.bytes
  from ${table(schema, 'quarantines')} q
  cross join lateral (
    select count(*) filter (where state = 'parked')::int as parked,
      count(*) filter (where state = 'held')::int as held,
      count(*) filter (where state = 'released')::int as released,
      coalesce(sum(coalesce(length(coalesce(edited, value)), 0)), 0)::text as bytes
    from ${table(schema, 'dead_letters')} d
    where d.quarantine = q.number and d.state in ('parked', 'held', 'released')
  ) d
  where ($1::text[] is null or q.reader = any($1)) and ($2::bytea is null or q.subject = $2)
    and ($3::bigint is null or q.number = $3)
  order by q.number limit $4`

const subjectText = (bytes: Buffer): string => {
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : `base64:${bytes.toString('base64')}`
}

export interface QuarantineNames extends Pick<DeadLetterNames, 'relay' | 'consumer' | 'key' | 'quarantine'> {
  /** Default 100. */
  readonly limit?: number
}

/** The queues there are, the oldest first. */
export const quarantines = async (
  database: Database,
  { limit = 100, ...names }: QuarantineNames = {},
): Promise<readonly Quarantine[]> => {
  const { reader = null, key, quarantine = null } = await filterOf(database, names)
  const subject = key === undefined ? null : Buffer.from(key)
  const values = [reader, subject, quarantine === null ? null : String(quarantine), limit]
  const { rows } = await database.query<QuarantineRow>(quarantinesSql(database.schema), values)
  return rows.map((row) => ({
    ...row,
    number: BigInt(row.number),
    subject: subjectText(row.subject),
    bytes: BigInt(row.bytes),
  }))
}
