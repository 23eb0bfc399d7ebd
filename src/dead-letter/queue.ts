import { createHash } from 'node:crypto'
import type { OutgoingRecord } from '../message/outgoing-record.ts'

/**
 * What is quarantined together: a key of a topic, a whole topic, or one record where it has no key and so no order to
 * keep.
 */
export interface Queue {
  readonly scope: 'key' | 'topic' | 'record'
  readonly topic: string
  /** The key, or the id of the record; empty for a topic. */
  readonly subject: Buffer
}

/** An index entry has to fit into a page of the database, a key need not. */
const longest = 200

const short = (bytes: Buffer): Buffer =>
  bytes.length <= longest ? bytes : createHash('sha256').update(bytes).digest()

/** Text as PostgreSQL can keep it. */
export const plainText = (text: string): string => text.replaceAll('\0', '\ufffd')

/** An id that fits into an index; others are replaced by their digest. */
export const shortId = (id: string): string =>
  id.length <= longest && !id.includes('\0') ? id : createHash('sha256').update(id).digest('hex')

export const topicQueue = (topic: string): Queue => ({
  scope: 'topic',
  topic: plainText(topic),
  subject: Buffer.alloc(0),
})

/** `id` is what tells a record without a key from others. */
export const keyQueue = ({ topic, key }: Pick<OutgoingRecord, 'topic' | 'key'>, id: string): Queue =>
  key === null
    ? { scope: 'record', topic: plainText(topic), subject: Buffer.from(id) }
    : { scope: 'key', topic: plainText(topic), subject: short(Buffer.from(key)) }

/** One text per queue. */
export const queueName = ({ scope, topic, subject }: Queue): string =>
  `${scope} ${topic} ${subject.toString('base64')}`
