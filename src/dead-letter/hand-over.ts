import type { Transaction } from '../postgres/database.ts'
import { table } from './fence.ts'

export interface HandOver {
  /** Readers that have stopped for good; what they had set aside agrees with their checkpoints (`recover`). */
  readonly from: readonly string[]
  /** Who reads what follows of a key. */
  readonly readerOf: (key: Buffer | null) => string
}

interface WaitingRow {
  readonly number: string
  readonly key: Buffer | null
}

// What was set aside behind a checkpoint will be read by the new reader, and refused again where need be.
const forgetSql = (schema: string): string =>
  `delete from ${table(schema, 'dead_letters')} where reader = any($1) and place is null and state <> 'sent'`

const waitingSql = (schema: string): string => `
  select number, key from ${table(schema, 'dead_letters')}
  where reader = any($1) and state in ('parked', 'held', 'released') order by number`

const openSql = (schema: string): string => `
  insert into ${table(schema, 'quarantines')} as known (reader, scope, topic, subject, released, since)
  select moved.reader, q.scope, q.topic, q.subject, bool_or(q.released), min(q.since)
  from unnest($1::bigint[], $2::text[]) as moved(number, reader)
  join ${table(schema, 'dead_letters')} d on d.number = moved.number
  join ${table(schema, 'quarantines')} q on q.number = d.quarantine
  group by moved.reader, q.scope, q.topic, q.subject
  on conflict on constraint quarantines_queue do update set released = known.released or excluded.released`

// Places of a new reader begin at 1 and its checkpoint covers none of them: below 1 they count as covered, in the order
// that they had.
const moveSql = (schema: string): string => `
  update ${table(schema, 'dead_letters')} d
  set reader = moved.reader, quarantine = own.number, release = null,
      place = d.place - 1 - (select max(place) from ${table(schema, 'dead_letters')} where reader = any($3))
  from unnest($1::bigint[], $2::text[]) as moved(number, reader), ${table(schema, 'quarantines')} q,
    ${table(schema, 'quarantines')} own
  where d.number = moved.number and q.number = d.quarantine
    and own.reader = moved.reader and own.scope = q.scope and own.topic = q.topic and own.subject = q.subject`

const closeSql = (schema: string): string =>
  `delete from ${table(schema, 'quarantines')} where reader = any($1)`

/** Gives what waits at readers that have stopped to those that go on with their keys; the order of each key stays. */
export const handOver = async (tx: Transaction, { from, readerOf }: HandOver): Promise<void> => {
  await tx.query(forgetSql(tx.schema), [from])
  const { rows } = await tx.query<WaitingRow>(waitingSql(tx.schema), [from])
  const moved = [rows.map(({ number }) => number), rows.map(({ key }) => readerOf(key))]
  await tx.query(openSql(tx.schema), moved)
  await tx.query(moveSql(tx.schema), [...moved, from])
  await tx.query(closeSql(tx.schema), [from])
}
