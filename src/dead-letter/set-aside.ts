import { createHash } from 'node:crypto'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { type Reader, table, whileOwner } from './fence.ts'
import { plainText, type Queue, queueName } from './queue.ts'
import { storeRecord } from './stored-record.ts'

/** Why a record was refused. */
export interface Cause {
  /** Of the error. */
  readonly code: string
  readonly message: string
}

/** A record that does not leave now. */
export interface SetAside {
  /** Tells it from the reader's other records, the same whenever it is read again. */
  readonly id: string
  readonly queue: Queue
  readonly record: OutgoingRecord
  readonly place: bigint
  /** Of the log, where it was read. */
  readonly position: bigint
  /** Present where the record itself was refused, absent where it waits behind another. */
  readonly cause?: Cause
}

/** Errors of one kind: numbers and ids in their texts differ, the rest is the same. */
export const fingerprint = ({ code, message }: Cause): string => {
  const kind = message.replace(/"[^"]*"/g, '"…"').replace(/[0-9a-f-]*\d[0-9a-f-]*/gi, '#')
  return createHash('sha256').update(`${code} ${kind}`).digest('hex').slice(0, 12)
}

const openQueuesSql = (schema: string): string => `
  insert into ${table(schema, 'quarantines')} (reader, scope, topic, subject)
  select $1, new.scope, new.topic, new.subject
  from unnest($2::text[], $3::text[], $4::bytea[]) as new(scope, topic, subject)
  on conflict on constraint quarantines_queue do nothing`

// A record that was set aside before, by a session whose checkpoint did not move, keeps what became of it since and
// gets its place anew. One that is refused is parked again, whatever it was; anything else is a repeat.
const setAsideSql = (schema: string): string => `
  insert into ${table(schema, 'dead_letters')} as known
    (reader, event_id, quarantine, place, state, topic, key, value, headers, partition, timestamp, position,
     error_code, cause, fingerprint, attempts, parked_at)
  select $1, new.id, q.number, new.place, case when new.code is null then 'held' else 'parked' end,
    new.topic, new.key, new.value, new.headers::json, new.partition, new.timestamp, new.position,
    new.code, new.cause, new.fingerprint, case when new.code is null then 0 else 1 end,
    case when new.code is null then null else clock_timestamp() end
  from unnest($2::text[], $3::text[], $4::bytea[], $5::text[], $6::bigint[], $7::text[], $8::bytea[], $9::bytea[],
    $10::text[], $11::integer[], $12::bigint[], $13::bigint[], $14::text[], $15::text[], $16::text[])
    as new(scope, queue_topic, subject, id, place, topic, key, value, headers, partition, timestamp, position,
      code, cause, fingerprint)
  join ${table(schema, 'quarantines')} q on q.reader = $1 and q.scope = new.scope
    and q.topic = new.queue_topic and q.subject = new.subject
  on conflict on constraint dead_letters_record do update
  set quarantine = excluded.quarantine, place = excluded.place, position = excluded.position,
      state = case when excluded.state = 'parked' and known.state <> 'discarded' then 'parked' else known.state end,
      error_code = coalesce(excluded.error_code, known.error_code),
      cause = coalesce(excluded.cause, known.cause),
      fingerprint = coalesce(excluded.fingerprint, known.fingerprint),
      attempts = known.attempts + excluded.attempts,
      parked_at = coalesce(excluded.parked_at, known.parked_at),
      release = null, ended_at = case when known.state = 'discarded' then known.ended_at end
  where (known.place is null and known.state <> 'sent') or excluded.state = 'parked'`

// A record that gets its place again may have been released in the meantime, or what it waited for sent: the reader has
// to look at every queue that nothing keeps back.
const wakeSql = (schema: string): string => `
  update ${table(schema, 'quarantines')} q set released = true
  from unnest($2::text[], $3::text[], $4::bytea[]) as new(scope, topic, subject)
  where q.reader = $1 and q.scope = new.scope and q.topic = new.topic and q.subject = new.subject and not q.released
  and (select d.state from ${table(schema, 'dead_letters')} d where d.quarantine = q.number
    and d.state in ('parked', 'held', 'released') and d.place is not null
    order by d.place limit 1) is distinct from 'parked'`

/** Of each queue one, so that the database looks at it once. */
const queuesOf = (asides: readonly SetAside[]): readonly Queue[] => [
  ...new Map(asides.map(({ queue }) => [queueName(queue), queue])).values(),
]

const insert = async (tx: Transaction, reader: string, asides: readonly SetAside[]): Promise<void> => {
  const queues = queuesOf(asides)
  const named = [
    reader,
    queues.map(({ scope }) => scope),
    queues.map(({ topic }) => topic),
    queues.map(({ subject }) => subject),
  ]
  await tx.query(openQueuesSql(tx.schema), named)
  const records = asides.map(({ record }) => storeRecord(record))
  await tx.query(setAsideSql(tx.schema), [
    reader,
    asides.map(({ queue }) => queue.scope),
    asides.map(({ queue }) => queue.topic),
    asides.map(({ queue }) => queue.subject),
    asides.map(({ id }) => id),
    asides.map(({ place }) => String(place)),
    records.map(({ topic }) => topic),
    records.map(({ key }) => key),
    records.map(({ value }) => value),
    records.map(({ headers }) => headers),
    records.map(({ partition }) => partition),
    records.map(({ timestamp }) => timestamp),
    asides.map(({ position }) => String(position)),
    asides.map(({ cause }) => cause?.code ?? null),
    asides.map(({ cause }) => (cause === undefined ? null : plainText(cause.message))),
    asides.map(({ cause }) => (cause === undefined ? null : fingerprint(cause))),
  ])
  await tx.query(wakeSql(tx.schema), named)
}

/**
 * Keeps records in the database instead of delivering them. Has to be done before the checkpoint moves past them; doing
 * it again changes nothing.
 *
 * @throws FENCED
 */
export const setAside = (database: Database, owner: Reader, asides: readonly SetAside[]): Promise<void> =>
  whileOwner(database, owner, (tx) => insert(tx, owner.reader, asides))
