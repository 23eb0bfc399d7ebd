import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Transaction } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { table } from './fence.ts'
import { openQueues } from './open-queues.ts'
import { plainText, type Queue, queueName, shortId } from './queue.ts'
import { type Cause, fingerprint } from './set-aside.ts'
import { storeRecord } from './stored-record.ts'

/** A record that goes into a queue instead of to its handler. */
export interface Behind {
  /** Of the event. */
  readonly id: string
  readonly queue: Queue
  readonly record: OutgoingRecord
  /** Its offset, where it was read. */
  readonly position: bigint
  /** Present where it failed itself: it is parked. Absent where it waits behind another: it is held. */
  readonly cause?: Cause
  /** How often it was tried. Default: once where it failed, never where it waits. */
  readonly attempts?: number
}

// Places are drawn first and given out in order, whatever order the rows are inserted in. A record that is here already
// is either waiting, then this is a repeat; or it has ended, and has come again after the inbox forgot it.
const enqueueSql = (schema: string): string => `
  with places as (
    select drawn.place, row_number() over (order by drawn.place) as nth
    from (select nextval('${quoteIdentifier('schema', schema)}.dead_letter_places') as place
      from generate_series(1, cardinality($2::text[]))) drawn
  )
  insert into ${table(schema, 'dead_letters')} as known
    (reader, event_id, quarantine, place, state, topic, key, value, headers, partition, timestamp, position,
     error_code, cause, fingerprint, attempts, parked_at)
  select $1, new.id, new.queue, places.place, case when new.code is null then 'held' else 'parked' end,
    new.topic, new.key, new.value, new.headers::json, new.partition, new.timestamp, new.position,
    new.code, new.cause, new.fingerprint, new.attempts,
    case when new.code is null then null else clock_timestamp() end
  from unnest($2::text[], $3::bigint[], $4::text[], $5::bytea[], $6::bytea[], $7::text[], $8::integer[], $9::bigint[],
    $10::bigint[], $11::text[], $12::text[], $13::text[], $14::integer[]) with ordinality
    as new(id, queue, topic, key, value, headers, partition, timestamp, position, code, cause, fingerprint, attempts,
      nth)
  join places on places.nth = new.nth
  order by new.nth
  on conflict on constraint dead_letters_record do update
  set quarantine = excluded.quarantine, place = excluded.place, state = excluded.state, topic = excluded.topic,
      key = excluded.key, value = excluded.value, headers = excluded.headers, partition = excluded.partition,
      timestamp = excluded.timestamp, position = excluded.position, error_code = excluded.error_code,
      cause = excluded.cause, fingerprint = excluded.fingerprint, attempts = excluded.attempts,
      set_aside_at = excluded.set_aside_at, parked_at = excluded.parked_at,
      edited = null, released_at = null, ended_at = null, actor = null, reason = null
  where known.state in ('sent', 'discarded')`

const numbersSql = (schema: string): string => `
  select d.number from unnest($2::text[]) with ordinality as named(id, nth)
  join ${table(schema, 'dead_letters')} d on d.reader = $1 and d.event_id = named.id order by named.nth`

const insert = async (
  tx: Transaction,
  reader: string,
  behind: readonly Behind[],
  queues: ReadonlyMap<string, string>,
): Promise<void> => {
  const records = behind.map(({ record }) => storeRecord(record))
  const causes = behind.map(({ cause }) => cause)
  await tx.query(enqueueSql(tx.schema), [
    reader,
    behind.map(({ id }) => shortId(id)),
    behind.map(({ queue }) => queues.get(queueName(queue))),
    records.map(({ topic }) => topic),
    records.map(({ key }) => key),
    records.map(({ value }) => value),
    records.map(({ headers }) => headers),
    records.map(({ partition }) => partition),
    records.map(({ timestamp }) => timestamp),
    behind.map(({ position }) => String(position)),
    causes.map((cause) => cause?.code ?? null),
    causes.map((cause) => (cause === undefined ? null : plainText(cause.message))),
    causes.map((cause) => (cause === undefined ? null : fingerprint(cause))),
    behind.map(({ cause, attempts = cause === undefined ? 0 : 1 }) => attempts),
  ])
}

/**
 * Puts records into their queues, in the order given, in the transaction that marks them as dealt with. Opens queues
 * that are not there. Answers with the numbers of the dead letters, in the same order.
 */
export const enqueue = async (
  tx: Transaction,
  reader: string,
  behind: readonly Behind[],
): Promise<readonly bigint[]> => {
  if (behind.length === 0) return []
  const ids = behind.map(({ id }) => shortId(id))
  const first = new Map(ids.map((id, index) => [id, index] as const).reverse())
  const once = behind.filter((_, index) => first.get(ids[index] ?? '') === index)
  await insert(tx, reader, once, await openQueues(tx, reader, once))
  const { rows } = await tx.query<{ number: string }>(numbersSql(tx.schema), [reader, ids])
  return rows.map(({ number }) => BigInt(number))
}
