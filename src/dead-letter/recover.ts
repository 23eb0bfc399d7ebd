import type { Database, Transaction } from '../postgres/database.ts'
import { type Reader, table, whileOwner } from './fence.ts'
import type { Queue } from './queue.ts'

/** What a reader's checkpoint says of its dead letters. */
export interface Marks {
  /** Records set aside up to this place are covered: they will not be read again. */
  readonly placed: bigint
  /** Releases up to this one went out. */
  readonly released: bigint
}

/** Dead letters of a reader as its checkpoint says they are. */
export interface Recovered {
  /** Queues that records of the same key or topic have to go behind. */
  readonly queues: readonly Queue[]
  /** Whether there is any queue, of single records too. */
  readonly waiting: boolean
  /** Records that will be read again, by id, and the queues they were in. */
  readonly again: ReadonlyMap<string, Queue>
  /** The next place and the next release have to be above these. */
  readonly highest: Marks
}

const sentSql = (schema: string): string => `
  update ${table(schema, 'dead_letters')} set state = 'sent', ended_at = clock_timestamp()
  where reader = $1 and release <= $2 and state in ('parked', 'held', 'released')`

const notSentSql = (schema: string): string => `
  update ${table(schema, 'dead_letters')} set release = null where reader = $1 and release > $2 and state <> 'sent'`

const displaceSql = (schema: string): string => `
  update ${table(schema, 'dead_letters')} set place = null where reader = $1 and place > $2 and state <> 'sent'`

/** Nothing of it waits, and nothing of it will be read again. */
export const closeQueuesSql = (schema: string): string => `
  delete from ${table(schema, 'quarantines')} q where q.reader = $1
  and not exists (select from ${table(schema, 'dead_letters')} d where d.quarantine = q.number
    and d.state in ('parked', 'held', 'released'))
  and not exists (select from ${table(schema, 'dead_letters')} d where d.reader = $1 and d.place is null
    and d.quarantine = q.number and d.state <> 'sent')`

// A topic is closed as soon as one of its records was refused: the others would be, too.
const queuesSql = (schema: string): string => `
  select q.scope, q.topic, q.subject from ${table(schema, 'quarantines')} q where q.reader = $1
  and (q.scope = 'topic' or exists (select from ${table(schema, 'dead_letters')} d where d.quarantine = q.number
    and d.state in ('parked', 'held', 'released') and d.place is not null))`

const againSql = (schema: string): string => `
  select d.event_id, q.scope, q.topic, q.subject
  from ${table(schema, 'dead_letters')} d join ${table(schema, 'quarantines')} q on q.number = d.quarantine
  where d.reader = $1 and d.place is null and d.state <> 'sent'`

const highestSql = (schema: string): string => `
  select coalesce(max(place), 0) as placed, coalesce(max(release), 0) as released
  from ${table(schema, 'dead_letters')} where reader = $1`

const anySql = (schema: string): string =>
  `select 1 from ${table(schema, 'quarantines')} where reader = $1 limit 1`

/** Whether a reader has any queue at all. */
export const isAnyWaiting = async (tx: Transaction, reader: string): Promise<boolean> =>
  (await tx.query(anySql(tx.schema), [reader])).rowCount > 0

const largest = (mark: bigint, found: string | undefined): bigint => {
  const other = BigInt(found ?? 0)
  return other > mark ? other : mark
}

const recoverIn = async (tx: Transaction, reader: string, marks: Marks): Promise<Recovered> => {
  const { schema } = tx
  await tx.query(sentSql(schema), [reader, marks.released])
  await tx.query(notSentSql(schema), [reader, marks.released])
  await tx.query(displaceSql(schema), [reader, marks.placed])
  await tx.query(closeQueuesSql(schema), [reader])
  const queues = await tx.query<Queue>(queuesSql(schema), [reader])
  const again = await tx.query<Queue & { readonly event_id: string }>(againSql(schema), [reader])
  const highest = await tx.query<{ placed: string; released: string }>(highestSql(schema), [reader])
  const [found] = highest.rows
  return {
    queues: queues.rows,
    waiting: await isAnyWaiting(tx, reader),
    again: new Map(again.rows.map(({ event_id, ...queue }) => [event_id, queue])),
    highest: {
      placed: largest(marks.placed, found?.placed),
      released: largest(marks.released, found?.released),
    },
  }
}

/**
 * Makes the dead letters of a reader agree with its checkpoint, which is the truth: what went out is marked as sent,
 * what did not can be released again, and what was set aside behind the checkpoint will be placed again.
 *
 * @throws FENCED
 */
export const recover = (database: Database, owner: Reader, marks: Marks): Promise<Recovered> =>
  whileOwner(database, owner, (tx) => recoverIn(tx, owner.reader, marks))
