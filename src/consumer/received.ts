import type { Queue } from '../dead-letter/queue.ts'
import type { Cause } from '../dead-letter/set-aside.ts'
import type { DeliveredRecord } from '../transport/subscriber.ts'
import type { AnyHandler } from './handler.ts'

interface Identified {
  readonly record: DeliveredRecord
  /** Of the event; `topic/partition/offset` only where the record carries none. */
  readonly id: string
  /** What is in order with it, and waits behind it: the key of its aggregate. */
  readonly queue: Queue
  /** `queueName(queue)`. */
  readonly lane: string
}

/** What a record is to a consumer, as far as its headers, topic and key tell: nothing of the value was parsed yet. */
export type Received =
  | (Identified & { readonly kind: 'event'; readonly type: string; readonly handler: AnyHandler })
  /** Nobody wants it. */
  | { readonly kind: 'other'; readonly record: DeliveredRecord; readonly type: string | undefined }
  /** It can never be handled. */
  | (Identified & { readonly kind: 'unreadable'; readonly cause: Cause })
