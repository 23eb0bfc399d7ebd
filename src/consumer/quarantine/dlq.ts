import { createHash } from 'node:crypto'
import type { Queue } from '../../dead-letter/queue.ts'
import { queueName } from '../../dead-letter/queue.ts'
import { type Cause, fingerprint } from '../../dead-letter/set-aside.ts'
import { aggregateIdFault } from '../../message/aggregate-id-fault.ts'
import type { NewEvent } from '../../message/new-event.ts'
import { newId } from '../../message/new-id.ts'
import { topicFault } from '../../message/topic-fault.ts'
import type { DeliveredRecord } from '../../transport/subscriber.ts'
import { type CopiedHeader, type DeadLetterCopy, deadLetterType, dlqSuffix } from './dlq-copy.ts'

/** A record that a consumer parks. */
export interface ParkedRecord {
  readonly consumer: string
  /** As which the consumer subscribes. */
  readonly group: string
  /** Of the dead letter. */
  readonly number: bigint
  readonly queue: Queue
  readonly record: DeliveredRecord
  readonly attempts: number
  readonly cause: Cause
}

/**
 * The topic that what is parked of a topic is copied to; undefined where that is one of dead letters itself, whose
 * copies would come back for ever, or its name has no room.
 */
export const dlqTopic = (topic: string): string | undefined => {
  const name = `${topic}${dlqSuffix}`
  return topic.endsWith(dlqSuffix) || topicFault(name) !== undefined ? undefined : name
}

/** A larger one would not fit into an event once it is written in base64. */
const mostValueBytes = 700_000
/** Below what `append` takes, by what PostgreSQL adds when it prints it. */
const mostBytes = 980_000
const mostCause = 200

const copiedHeader = ([name, value]: readonly [string, string | Buffer | null]): CopiedHeader => [
  Buffer.from(name).toString('base64'),
  value === null ? null : Buffer.from(value).toString('base64'),
]

/** A stack begins on the second line, and may name what nobody outside should read. */
const shortCause = (message: string): string => {
  const [line = ''] = message.slice(0, 4 * mostCause).split(/[\r\n]/, 1)
  // By characters: a surrogate pair that is cut in two could not be stored.
  return [...line.replaceAll(/[\p{Control}\p{Surrogate}]/gu, '')].slice(0, mostCause).join('')
}

const base64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null

const fits = (copy: DeadLetterCopy): boolean =>
  // PostgreSQL prints a space after every comma.
  Buffer.byteLength(JSON.stringify(copy)) + 3 * copy.headers.length <= mostBytes

/** What of the record fits into one event: the value goes first, then the headers, then the key. */
const copyOf = ({ record, consumer, group, number, attempts, cause }: ParkedRecord): DeadLetterCopy => {
  const { topic, partition, offset, timestamp = null } = record
  const whole: DeadLetterCopy = {
    ...{ topic, partition, offset, timestamp, consumer, group, attempts, number: String(number) },
    ...{ code: cause.code, fingerprint: fingerprint(cause), cause: shortCause(cause.message) },
    key: base64(record.key),
    value: base64(record.value),
    headers: record.headers.map(copiedHeader),
    leftOut: [],
  }
  const bare: DeadLetterCopy = { ...whole, value: null, leftOut: ['value'] }
  const headless: DeadLetterCopy = { ...bare, headers: [], leftOut: ['value', 'headers'] }
  const small = (record.value?.length ?? 0) <= mostValueBytes && fits(whole)
  if (small) return whole
  if (fits(bare)) return bare
  return fits(headless) ? headless : { ...headless, key: null, leftOut: ['value', 'headers', 'key'] }
}

/** Copies of one key are in one stream, so that they leave in the order in which they were parked. */
const streamOf = ({ record: { key }, queue }: ParkedRecord): string => {
  const text = key?.toString()
  if (
    text !== undefined &&
    aggregateIdFault(text) === undefined &&
    Buffer.from(text).equals(key ?? Buffer.of())
  )
    return text
  return createHash('sha256').update(queueName(queue)).digest('hex')
}

/**
 * What is appended in the transaction that parks a record: the relay makes of it a record of `<topic>.DLQ`. Undefined
 * where `dlqTopic` knows none.
 */
export const deadLetterEvent = (parked: ParkedRecord): NewEvent<string, DeadLetterCopy> | undefined =>
  dlqTopic(parked.record.topic) === undefined
    ? undefined
    : {
        id: newId(),
        type: deadLetterType,
        version: 1,
        aggregate: 'dead-letter',
        aggregateId: streamOf(parked),
        data: copyOf(parked),
        occurredAt: new Date(),
        metadata: {},
      }
