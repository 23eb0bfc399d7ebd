import type { Queue } from '../../dead-letter/queue.ts'
import type { Cause } from '../../dead-letter/set-aside.ts'
import type { CloudEvent } from '../../message/cloud-event.ts'
import type { DeliveredRecord } from '../../transport/subscriber.ts'
import type { AnyHandler } from '../handler.ts'
import type { Accepted, WhenUnreadable } from './topic-message.ts'

export interface Identified {
  readonly record: DeliveredRecord
  /** Of the event; `topic/partition/offset@timestamp` only where the record carries none. */
  readonly id: string
  /** Whether the id is the event's own. */
  readonly identified: boolean
  /** What is in order with it, and waits behind it: the key of its aggregate. */
  readonly queue: Queue
  /** `queueName(queue)`. */
  readonly lane: string
}

export interface ReceivedEvent extends Identified {
  readonly kind: 'event'
  readonly type: string
  readonly handler: AnyHandler
  /** What is to become of it when `readEvent` cannot read it. */
  readonly whenUnreadable: WhenUnreadable
  /** Read at once where type, id or key are in the value. */
  readonly envelope: CloudEvent | undefined
  readonly accepted: Accepted | undefined
}

export interface UnreadableRecord extends Identified {
  readonly kind: 'unreadable'
  readonly type: string | undefined
  readonly whenUnreadable: WhenUnreadable
  readonly cause: Cause
}

/** Nobody wants it. */
export interface OtherRecord extends Identified {
  readonly kind: 'other'
  readonly type: string | undefined
}

/**
 * What a record is to a consumer, as far as its headers, topic and key tell. The value was parsed only where they do
 * not.
 */
export type Received = ReceivedEvent | OtherRecord | UnreadableRecord

export type Receive = (record: DeliveredRecord) => Received
