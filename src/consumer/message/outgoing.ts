import { headerList } from '../../message/header-list.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { DeliveredRecord } from '../../transport/subscriber.ts'

/** A record as it came, in the form in which records are kept. */
export const outgoingOf = (record: DeliveredRecord): OutgoingRecord => {
  const { topic, partition, timestamp, key, value, headers } = record
  return { topic, partition, key, value, headers, ...(timestamp === undefined ? {} : { timestamp }) }
}

const asBytes = (value: string | Buffer | null): Buffer | null => (value === null ? null : Buffer.from(value))

/** A record that was kept, as it came. */
export const deliveredOf = (record: OutgoingRecord, offset: bigint): DeliveredRecord => ({
  topic: record.topic,
  partition: record.partition ?? 0,
  offset: String(offset),
  timestamp: record.timestamp,
  key: asBytes(record.key),
  value: asBytes(record.value),
  headers: headerList(record.headers),
})
