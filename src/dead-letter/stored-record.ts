import { headerList } from '../message/header-list.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { plainText } from './queue.ts'

/** A header as it is kept: text where it is text, else its bytes. */
type StoredHeader = readonly [name: string, value: string | null | { readonly base64: string }]

/** A record as the table keeps it: byte for byte what goes out. */
export interface StoredRecord {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** JSON. */
  readonly headers: string
  readonly partition: number | null
  readonly timestamp: number | null
}

const asBytes = (value: string | Buffer | null): Buffer | null => (value === null ? null : Buffer.from(value))

const storedValue = (value: unknown): StoredHeader[1] => {
  if (typeof value === 'string') return value
  if (!Buffer.isBuffer(value)) return null
  const text = value.toString()
  return Buffer.from(text).equals(value) ? text : { base64: value.toString('base64') }
}

/** Takes invalid records, too: what is refused for its form is kept as far as it can be. */
export const storeRecord = (record: OutgoingRecord): StoredRecord => {
  const { topic, key, value, headers, partition = null, timestamp = null } = record
  const list = headerList(headers).map(([name, header]): StoredHeader => [name, storedValue(header)])
  return {
    topic: plainText(topic),
    key: asBytes(key),
    value: asBytes(value),
    headers: JSON.stringify(list),
    partition,
    timestamp,
  }
}

export interface RecordRow {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly edited: Buffer | null
  readonly headers: readonly StoredHeader[]
  readonly partition: number | null
  readonly timestamp: string | null
}

const loadedValue = (value: StoredHeader[1]): string | Buffer | null =>
  value === null || typeof value === 'string' ? value : Buffer.from(value.base64, 'base64')

/** What goes out: the record as it was set aside, its value replaced where an operator did so. */
export const loadRecord = (row: RecordRow): OutgoingRecord => ({
  topic: row.topic,
  key: row.key,
  value: row.edited ?? row.value,
  headers: row.headers.map(([name, value]) => [name, loadedValue(value)] as const),
  ...(row.partition === null ? {} : { partition: row.partition }),
  ...(row.timestamp === null ? {} : { timestamp: Number(row.timestamp) }),
})
