import { headerList } from '../../message/header-list.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { DeliveredRecord } from '../../transport/subscriber.ts'

/** What Kafka would deliver of an event; its place is that in the log. */
export const toDelivered = (
  event: RawEvent,
  { topic, key, value, headers, timestamp }: OutgoingRecord,
  partition: number,
): DeliveredRecord => ({
  topic,
  partition,
  offset: event.position,
  timestamp: timestamp ?? Date.parse(event.occurredAt),
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  headers: headerList(headers),
})
