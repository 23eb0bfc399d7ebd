import { keyQueue, type Queue, queueName, shortId, topicQueue } from '../../dead-letter/queue.ts'
import type { Cause } from '../../dead-letter/set-aside.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import { recordId } from '../../message/record-id.ts'
import { isRefused, type Suspect } from './refusals.ts'

/** Where a record has to wait, and why, where it was refused itself. */
export interface Verdict {
  readonly queue: Queue
  readonly cause?: Cause
}

/** What is known of queues, in memory; the database has the same. */
export interface Quarantined {
  /** By name: records that belong there have to go behind it. */
  readonly queues: Map<string, Queue>
  /** Records that were set aside before and are read again. */
  readonly again: Map<string, Queue>
  readonly suspects: Suspect[]
}

/** The same for a record whenever it is read again from one checkpoint. */
export const identityOf = (record: OutgoingRecord, base: string, ordinal: number): string => {
  const id = recordId(record)
  return id === undefined ? `${base}#${ordinal}` : shortId(id)
}

export const isEmpty = ({ queues, again, suspects }: Quarantined): boolean =>
  queues.size === 0 && again.size === 0 && suspects.length === 0

const closedFor = ({ queues }: Quarantined, record: OutgoingRecord, id: string): Queue | undefined =>
  queues.get(queueName(keyQueue(record, id))) ?? queues.get(queueName(topicQueue(record.topic)))

/** A refusal of a topic is about whichever record of it comes first. */
const takeSuspect = (suspects: Suspect[], record: OutgoingRecord): Suspect | undefined => {
  const index = suspects.findIndex(({ scope, record: refused }) =>
    scope === 'topic' ? refused.topic === record.topic : isRefused(refused, record),
  )
  return index < 0 ? undefined : suspects.splice(index, 1)[0]
}

/**
 * Whether a record may leave (undefined), or where it waits. Closes the queue of what was refused: what comes behind it
 * waits there, too; what comes before it may still leave.
 */
export const judge = (known: Quarantined, record: OutgoingRecord, id: string): Verdict | undefined => {
  const before = known.again.get(id)
  const suspect = takeSuspect(known.suspects, record)
  if (before === undefined && suspect === undefined) {
    const closed = closedFor(known, record, id)
    return closed && { queue: closed }
  }
  known.again.delete(id)
  const own = suspect?.scope === 'topic' ? topicQueue(record.topic) : keyQueue(record, id)
  // Not where it was before: what precedes it in its key may have gone to the queue of the topic this time.
  const queue = closedFor(known, record, id) ?? before ?? own
  if (queue.scope !== 'record') known.queues.set(queueName(queue), queue)
  return suspect === undefined ? { queue } : { queue, cause: suspect.cause }
}
