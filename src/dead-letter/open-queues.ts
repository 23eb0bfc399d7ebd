import type { Transaction } from '../postgres/database.ts'
import { table } from './fence.ts'
import { type Queue, queueName } from './queue.ts'

const columnsOf = (queues: readonly Queue[]): readonly unknown[] => [
  queues.map(({ scope }) => scope),
  queues.map(({ topic }) => topic),
  queues.map(({ subject }) => subject),
]

const lockSql = (schema: string): string => `
  select q.number, q.scope, q.topic, q.subject
  from ${table(schema, 'quarantines')} q
  join unnest($2::text[], $3::text[], $4::bytea[]) as named(scope, topic, subject)
    on q.scope = named.scope and q.topic = named.topic and q.subject = named.subject
  where q.reader = $1 order by q.number for key share of q`

interface QueueRow extends Queue {
  readonly number: string
}

// In the order of numbers, as those who decide lock them: nobody waits in a circle.
const lockQueues = async (
  tx: Transaction,
  reader: string,
  queues: readonly Queue[],
): Promise<ReadonlyMap<string, string>> => {
  const { rows } = await tx.query<QueueRow>(lockSql(tx.schema), [reader, ...columnsOf(queues)])
  return new Map(rows.map(({ number, ...queue }) => [queueName(queue), number]))
}

/** Of each queue one, so that the database looks at it once. */
const eachOnce = (queues: readonly Queue[]): readonly Queue[] => [
  ...new Map(queues.map((queue) => [queueName(queue), queue])).values(),
]

/**
 * Which of these queues there are, by `queueName`: their records have to go behind.
 *
 * They stay until this transaction has ended. One that is being closed at this moment is waited for, and then is not
 * there: everything in it was delivered, so that what follows may go on.
 */
export const openQueuesOf = async (
  tx: Transaction,
  reader: string,
  queues: readonly Queue[],
): Promise<ReadonlySet<string>> =>
  queues.length === 0 ? new Set() : new Set((await lockQueues(tx, reader, eachOnce(queues))).keys())

// A queue is released while what is first in it may go. So it is from the beginning where nothing failed.
const openSql = (schema: string): string => `
  insert into ${table(schema, 'quarantines')} (reader, scope, topic, subject, released)
  select $1, new.scope, new.topic, new.subject, new.released
  from unnest($2::text[], $3::text[], $4::bytea[], $5::boolean[]) as new(scope, topic, subject, released)
  order by new.scope, new.topic, new.subject
  on conflict on constraint quarantines_queue do nothing`

/** What goes into a queue: whether it failed itself. */
export interface Arriving {
  readonly queue: Queue
  readonly cause?: unknown
}

/** Opens queues where they are missing, and locks them: their numbers, by `queueName`. */
export const openQueues = async (
  tx: Transaction,
  reader: string,
  arriving: readonly Arriving[],
): Promise<ReadonlyMap<string, string>> => {
  const queues = eachOnce(arriving.map(({ queue }) => queue))
  const failed = arriving.filter(({ cause }) => cause !== undefined).map(({ queue }) => queueName(queue))
  const released = queues.map((queue) => !failed.includes(queueName(queue)))
  for (;;) {
    await tx.query(openSql(tx.schema), [reader, ...columnsOf(queues), released])
    const numbers = await lockQueues(tx, reader, queues)
    // One was there, and was closed before it could be locked.
    if (numbers.size === queues.length) return numbers
  }
}
