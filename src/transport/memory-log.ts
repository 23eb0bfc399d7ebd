import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { partitionFor } from '../message/partition.ts'
import type { Topic } from './publisher.ts'
import type { WrittenRecord } from './written-record.ts'

/** Records of one topic, by partition. */
export type MemoryTopic = readonly WrittenRecord[][]

/** Topics in the memory of this process. */
export interface MemoryLog {
  readonly topics: ReadonlyMap<string, MemoryTopic>
  create(topic: Topic): void
  /** Makes all records visible at once; topics that do not exist are created. */
  append(records: readonly OutgoingRecord[]): void
  /** Calls back after every append, until the returned function is called. */
  watch(appended: () => void): () => void
}

const asBuffer = (value: string | Buffer | null): Buffer | null =>
  // Copied: the sender may go on using its Buffer.
  value === null ? null : Buffer.from(value)

const copies = (headers: OutgoingRecord['headers']): WrittenRecord['rawHeaders'] =>
  Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)])

const asText = (headers: WrittenRecord['rawHeaders']): WrittenRecord['headers'] =>
  Object.fromEntries(headers.map(([name, value]) => [name, value.toString()]))

export const memoryLog = (defaultPartitions: number): MemoryLog => {
  const topics = new Map<string, WrittenRecord[][]>()
  const watchers = new Set<() => void>()
  let keyless = 0

  const open = (name: string, partitions: number): WrittenRecord[][] => {
    const known = topics.get(name)
    if (known !== undefined) return known
    const created = Array.from({ length: partitions }, (): WrittenRecord[] => [])
    topics.set(name, created)
    return created
  }

  const appendOne = (record: OutgoingRecord): void => {
    const partitions = open(record.topic, defaultPartitions)
    const { key } = record
    const partition = key === null ? keyless++ % partitions.length : partitionFor(key, partitions.length)
    const records = partitions[partition]
    const rawHeaders = copies(record.headers)
    records?.push({
      topic: record.topic,
      partition,
      offset: String(records.length),
      key,
      value: asBuffer(record.value),
      headers: asText(rawHeaders),
      rawHeaders,
    })
  }

  return {
    topics,
    create: ({ name, partitions = defaultPartitions }) => void open(name, partitions),
    append: (records) => {
      for (const record of records) appendOne(record)
      for (const appended of watchers) appended()
    },
    watch: (appended) => {
      watchers.add(appended)
      return () => watchers.delete(appended)
    },
  }
}
