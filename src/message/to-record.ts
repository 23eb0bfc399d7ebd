import { addContextHeaders } from './context-headers.ts'
import { headerText } from './header-text.ts'
import type { OutgoingRecord } from './outgoing-record.ts'
import type { RawEvent } from './raw-event.ts'
import type { TopicStrategy } from './topic.ts'

export interface ToRecordOptions {
  /** CloudEvents source: a URI reference that names this service, for example `/orders`. */
  readonly source: string
  /** Made by `topicNaming`. */
  readonly topicOf: TopicStrategy
}

/** The record of an event of the log. */
export interface EventRecord extends OutgoingRecord {
  readonly key: string
  readonly value: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Digits of the largest safe integer: the sequence extension asks for values whose text sorts as the numbers
 * do.
 */
const sequenceDigits = 16

/**
 * A recorded event as it goes on the wire: key = aggregate id, value = payload untouched, headers =
 * CloudEvents 1.0 in binary mode, plus a plain `id`. `ce_transactionid`, `ce_ordinal` and `ce_count` tell a
 * whole action from a torn one.
 *
 * @throws INVALID_RECORD when the topic has no valid name
 */
export const toRecord = (raw: RawEvent, { source, topicOf }: ToRecordOptions): EventRecord => {
  const headers: Record<string, string> = {
    id: raw.id,
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: raw.id,
    ce_type: headerText(raw.type),
    ce_source: source,
    ce_subject: headerText(raw.aggregateId),
    ce_time: raw.occurredAt,
    ce_sequence: raw.sequence.padStart(sequenceDigits, '0'),
    ce_dataversion: raw.version,
    ce_transactionid: raw.transactionId,
    ce_ordinal: String(raw.ordinal),
    ce_count: String(raw.count),
  }
  if (raw.metadata !== '{}') addContextHeaders(headers, raw.metadata)
  return { topic: topicOf(raw), key: raw.aggregateId, value: raw.payload, headers }
}
