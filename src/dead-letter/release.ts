import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { type Reader, table, whileOwner } from './fence.ts'
import type { Queue } from './queue.ts'
import { isAnyWaiting } from './recover.ts'
import { loadRecord, type RecordRow } from './stored-record.ts'

/** A dead letter on its way out. */
export interface Leaving {
  readonly number: string
  readonly record: OutgoingRecord
}

/** What may go next of one queue. */
export interface Release {
  /** Goes into the checkpoint together with the records. */
  readonly release: bigint
  readonly leaving: readonly Leaving[]
}

/** What is left of a queue after a look at it. */
export interface Looked {
  readonly release: Release | undefined
  /** Queues in which nothing waits any more. */
  readonly closed: readonly Queue[]
  /** Whether there is any queue left, released or not. */
  readonly waiting: boolean
}

interface QueueRow extends Queue {
  readonly number: string
}

interface WaitingRow extends RecordRow {
  readonly number: string
  readonly state: string
}

const mostRecords = 500
const mostBytes = 1024 * 1024

const releasedSql = (schema: string): string => `
  select number, scope, topic, subject from ${table(schema, 'quarantines')}
  where reader = $1 and released order by number limit 1 for update`

// Only as much as fits into memory: the first in any case, others while the sum of sizes allows.
const waitingSql = (schema: string): string => `
  select number, state, topic, key, value, edited, headers, partition, timestamp from (
    select w.*, sum(coalesce(length(coalesce(edited, value)), 0)) over (order by place) as bytes,
      row_number() over (order by place) as nth
    from (select * from ${table(schema, 'dead_letters')}
      where quarantine = $1 and state in ('parked', 'held', 'released') and place is not null
      order by place limit $2) w) w
  where bytes <= $3 or nth = 1 order by place`

const releaseSql = (schema: string): string =>
  `update ${table(schema, 'dead_letters')} set release = $2 where number = any($1::bigint[])`

const unreleasedSql = (schema: string): string =>
  `update ${table(schema, 'quarantines')} set released = false where number = $1`

const closeSql = (schema: string): string => `
  delete from ${table(schema, 'quarantines')} q where q.number = $1
  and not exists (select from ${table(schema, 'dead_letters')} d where d.quarantine = $1
    and d.state in ('parked', 'held', 'released'))
  and not exists (select from ${table(schema, 'dead_letters')} d where d.reader = $2 and d.place is null
    and d.quarantine = $1 and d.state <> 'sent')`

const waitingOf = async (tx: Transaction, { number }: QueueRow): Promise<WaitingRow[]> => {
  const { rows } = await tx.query<WaitingRow>(waitingSql(tx.schema), [number, mostRecords, mostBytes])
  const parked = rows.findIndex(({ state }) => state === 'parked')
  return parked < 0 ? rows : rows.slice(0, parked)
}

const lookIn = async (tx: Transaction, reader: string, release: bigint): Promise<Looked> => {
  const closed: Queue[] = []
  for (;;) {
    const [queue] = (await tx.query<QueueRow>(releasedSql(tx.schema), [reader])).rows
    if (queue === undefined) {
      return { release: undefined, closed, waiting: await isAnyWaiting(tx, reader) }
    }
    const waiting = await waitingOf(tx, queue)
    if (waiting.length > 0) {
      const numbers = waiting.map(({ number }) => number)
      await tx.query(releaseSql(tx.schema), [numbers, release])
      const leaving = waiting.map((row) => ({ number: row.number, record: loadRecord(row) }))
      return { release: { release, leaving }, closed, waiting: true }
    }
    await tx.query(unreleasedSql(tx.schema), [queue.number])
    const { rowCount } = await tx.query(closeSql(tx.schema), [queue.number, reader])
    if (rowCount > 0) closed.push(queue)
  }
}

/**
 * Takes what may leave next: dead letters that an operator released, and what waits behind them up to the next parked
 * one, in order. They stay here until `sent`.
 *
 * @throws FENCED
 */
export const takeReleased = (database: Database, owner: Reader, release: bigint): Promise<Looked> =>
  whileOwner(database, owner, (tx) => lookIn(tx, owner.reader, release))

const sentSql = (schema: string): string => `
  update ${table(schema, 'dead_letters')} set state = 'sent', ended_at = clock_timestamp()
  where reader = $1 and release = $2 and state in ('held', 'released')`

/**
 * Marks a release as sent, once the checkpoint that names it is safe.
 *
 * @throws FENCED
 */
export const markSent = (database: Database, owner: Reader, release: bigint): Promise<void> =>
  whileOwner(database, owner, async (tx) => {
    await tx.query(sentSql(tx.schema), [owner.reader, release])
  })

const parkSql = (schema: string): string => `
  update ${table(schema, 'dead_letters')}
  set state = 'parked', release = null, attempts = attempts + 1, parked_at = clock_timestamp(), released_at = null,
      error_code = $2, cause = $3, fingerprint = $4
  where number = any($1::bigint[]) and state in ('held', 'released')`

// The refused record's key gets a queue of its own, so that other keys of its topic can go on.
const openKeySql = (schema: string): string => `
  insert into ${table(schema, 'quarantines')} (reader, scope, topic, subject, released) values ($1, $2, $3, $4, true)
  on conflict on constraint quarantines_queue do update set released = true
  returning number`

const moveKeySql = (schema: string): string => `
  update ${table(schema, 'dead_letters')} d set quarantine = $1
  from ${table(schema, 'quarantines')} q
  where q.number = d.quarantine and q.reader = $2 and q.scope = 'topic' and q.topic = $3
    and d.state in ('parked', 'held', 'released') and d.key is not distinct from $4
    and ($5::bigint is null or d.number = $5)`

export interface RefusedAgain {
  readonly number: string
  readonly record: OutgoingRecord
  /** Absent where the reason lies in the topic. */
  readonly ownQueue?: Queue
}

export interface ParkAgain {
  readonly code: string
  readonly message: string
  readonly fingerprint: string
}

/**
 * Parks dead letters that were refused again. They stay first.
 *
 * @throws FENCED
 */
export const parkAgain = (
  database: Database,
  owner: Reader,
  refused: readonly RefusedAgain[],
  { code, message, fingerprint }: ParkAgain,
): Promise<void> =>
  whileOwner(database, owner, async (tx) => {
    const numbers = refused.map(({ number }) => number)
    await tx.query(parkSql(tx.schema), [numbers, code, message, fingerprint])
    for (const { number, record, ownQueue } of refused) {
      if (ownQueue === undefined) continue
      const { scope, topic, subject } = ownQueue
      const opened = await tx.query<{ number: string }>(openKeySql(tx.schema), [
        owner.reader,
        scope,
        topic,
        subject,
      ])
      const alone = scope === 'record' ? number : null
      await tx.query(moveKeySql(tx.schema), [opened.rows[0]?.number, owner.reader, topic, record.key, alone])
    }
  })
