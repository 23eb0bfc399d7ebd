import { OnewriteError } from '../error/onewrite-error.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Transaction } from '../postgres/database.ts'
import { table } from './fence.ts'
import { plainText } from './queue.ts'
import { type Cause, fingerprint } from './set-aside.ts'
import { loadRecord, type RecordRow } from './stored-record.ts'

/**
 * The queues of a reader with many writers at once, such as the instances of a consumer: records arrive in their own
 * transactions (`enqueue`), and whoever finds a released queue works on it.
 *
 * **Nothing overtakes.** A record is handled at once only where its queue was not there when `openQueuesOf` looked, in
 * the transaction that handles it. A queue goes only once everything in it has left, and that has committed; before
 * that, a later record of the key is put behind, with a higher place. Records of a key arrive one after the other.
 *
 * **Nothing is forgotten.** Arrivals hold the row of the queue FOR KEY SHARE until they commit. Closing locks it FOR
 * UPDATE first, and then looks again, with a later snapshot: it sees all that have arrived, and no other can arrive.
 * `released` is taken back only while the first of the queue is parked, under a lock that keeps decisions out. So a
 * queue that is not released has a parked record, and deciding about that releases it.
 *
 * **Never two at once.** Working on a queue locks its row FOR NO KEY UPDATE for as long as the transaction of the head
 * lasts: others skip it, arrivals do not wait. What the handler did and the head's end are one commit.
 *
 * **Redriving twice is redriving once.** Only what is parked is released, under FOR UPDATE, and what was sent is not
 * parked any more.
 */
export interface Head {
  readonly number: bigint
  /** Of the quarantine. */
  readonly queue: bigint
  /** Of the event. */
  readonly id: string
  /** Its value is the edited one where an operator has changed it. */
  readonly record: OutgoingRecord
  /** Its offset, where it was read. */
  readonly position: bigint
  /** Before this one. */
  readonly attempts: number
}

// Those that are empty as far as this statement sees are passed over here, because many may wait to be closed.
const lockSql = (schema: string): string => `
  select q.number from ${table(schema, 'quarantines')} q
  where q.reader = $1 and q.released and not (q.number = any($2::bigint[]))
    and (select true from ${table(schema, 'dead_letters')} d where d.quarantine = q.number
      and d.state in ('parked', 'held', 'released') limit 1)
  order by q.number limit 1 for no key update of q skip locked`

const firstSql = (schema: string): string => `
  select number, event_id, state, position, attempts, topic, key, value, edited, headers, partition, timestamp
  from ${table(schema, 'dead_letters')}
  where quarantine = $1 and state in ('parked', 'held', 'released') order by place limit 1`

const keepBackSql = (schema: string): string =>
  `update ${table(schema, 'quarantines')} set released = false where number = $1`

interface FirstRow extends RecordRow {
  readonly number: string
  readonly event_id: string
  readonly state: 'parked' | 'held' | 'released'
  readonly position: string
  readonly attempts: number
}

const headOf = (queue: string, row: FirstRow): Head => ({
  number: BigInt(row.number),
  queue: BigInt(queue),
  id: row.event_id,
  record: loadRecord(row),
  position: BigInt(row.position),
  attempts: row.attempts,
})

/**
 * What may go next: the first of a released queue that nobody works on, other than these queues. The queue is this
 * transaction's from here on.
 */
export const takeHead = async (
  tx: Transaction,
  reader: string,
  except: readonly bigint[],
): Promise<Head | undefined> => {
  const passed = except.map(String)
  for (;;) {
    const [queue] = (await tx.query<{ number: string }>(lockSql(tx.schema), [reader, passed])).rows
    if (queue === undefined) return undefined
    const [first] = (await tx.query<FirstRow>(firstSql(tx.schema), [queue.number])).rows
    if (first !== undefined && first.state !== 'parked') return headOf(queue.number, first)
    // An empty one stays released: a record may be arriving in it, and closing finds it by that.
    if (first !== undefined) await tx.query(keepBackSql(tx.schema), [queue.number])
    passed.push(queue.number)
  }
}

const deliveredSql = (schema: string): string => `
  update ${table(schema, 'dead_letters')} set state = 'sent', ended_at = clock_timestamp()
  where number = $1 and state in ('held', 'released')`

/**
 * In the transaction that took it, with its effect.
 *
 * @throws FENCED when it was not to be delivered any more, so that the effect is rolled back
 */
export const markDelivered = async (tx: Transaction, { number }: Head): Promise<void> => {
  const { rowCount } = await tx.query(deliveredSql(tx.schema), [String(number)])
  if (rowCount === 0) throw new OnewriteError('FENCED', { name: `dead letter ${number}` })
}

const holdSql = (schema: string): string =>
  `select 1 from ${table(schema, 'quarantines')} where number = $1 for no key update`

const parkSql = (schema: string): string => `
  update ${table(schema, 'dead_letters')}
  set state = 'parked', attempts = attempts + 1, parked_at = clock_timestamp(), released_at = null,
      error_code = $2, cause = $3, fingerprint = $4
  where number = $1 and state in ('held', 'released')`

/**
 * It failed again: it stays first, and what is behind it waits for another decision. May come in a later transaction
 * than the one that took it; where another instance has delivered or parked it since, nothing is changed.
 */
export const parkHead = async (tx: Transaction, { number, queue }: Head, cause: Cause): Promise<void> => {
  await tx.query(holdSql(tx.schema), [String(queue)])
  const values = [String(number), cause.code, plainText(cause.message), fingerprint(cause)]
  const { rowCount } = await tx.query(parkSql(tx.schema), values)
  if (rowCount > 0) await tx.query(keepBackSql(tx.schema), [String(queue)])
}
