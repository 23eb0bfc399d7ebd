import { headerList } from '../message/header-list.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { partitionFor } from '../message/partition.ts'
import type { Topic } from './publisher.ts'
import { publishRefused, refusedRecord } from './refused.ts'
import type { WrittenRecord } from './written-record.ts'

/** Records of one topic, by partition. */
export type MemoryTopic = readonly WrittenRecord[][]

/** Topics in the memory of this process. */
export interface MemoryLog {
  readonly topics: ReadonlyMap<string, MemoryTopic>
  create(topic: Topic): void
  /**
   * Makes all records visible at once; topics that do not exist are created.
   *
   * @throws PUBLISH_REFUSED when a record names a partition that its topic does not have, or is refused
   */
  append(records: readonly OutgoingRecord[]): void
  /** Calls back after every append, until the returned function is called. */
  watch(appended: () => void): () => void
}

const asBuffer = (value: string | Buffer | null): Buffer | null =>
  // Copied: the sender may go on using its Buffer.
  value === null ? null : Buffer.from(value)

const copies = (headers: OutgoingRecord['headers']): WrittenRecord['rawHeaders'] =>
  headerList(headers).map(([name, value]) => [name, asBuffer(value)])

const asText = (headers: WrittenRecord['rawHeaders']): WrittenRecord['headers'] =>
  Object.fromEntries(headers.map(([name, value]) => [name, value?.toString() ?? '']))

/** Why a record is refused for good, and whether its whole topic is; undefined where it is taken. */
export type Refuse = (
  record: OutgoingRecord,
) => string | { readonly scope: 'topic'; readonly cause: string } | undefined

const check = (records: readonly OutgoingRecord[], faultOf: Refuse): void => {
  const faults = records.map((record) => ({ record, fault: faultOf(record) }))
  const first = faults.find(({ fault }) => fault !== undefined)
  if (first?.fault === undefined) return
  const { fault } = first
  const [scope, cause] = typeof fault === 'string' ? (['record', fault] as const) : [fault.scope, fault.cause]
  const alike = faults.filter((other) => other.fault !== undefined && typeof other.fault === typeof fault)
  const refused = { scope, exact: true, records: alike.map(({ record }) => refusedRecord(record)) }
  throw publishRefused(first.record.topic, cause, refused)
}

export const memoryLog = (defaultPartitions: number, refuse: Refuse = () => undefined): MemoryLog => {
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

  const partitionFault = ({ topic, partition = 0 }: OutgoingRecord): string | undefined => {
    const { length } = open(topic, defaultPartitions)
    return partition < length ? undefined : `it has ${length} partitions and no partition ${partition}`
  }

  const appendOne = (record: OutgoingRecord): void => {
    const partitions = open(record.topic, defaultPartitions)
    const { length } = partitions
    const { key } = record
    const partition = record.partition ?? (key === null ? keyless++ % length : partitionFor(key, length))
    const records = partitions[partition]
    const rawHeaders = copies(record.headers)
    records?.push({
      topic: record.topic,
      partition,
      offset: String(records.length),
      key: key === null ? null : key.toString(),
      rawKey: asBuffer(key),
      value: asBuffer(record.value),
      headers: asText(rawHeaders),
      rawHeaders,
      timestamp: record.timestamp ?? Date.now(),
    })
  }

  return {
    topics,
    create: ({ name, partitions = defaultPartitions }) => void open(name, partitions),
    append: (records) => {
      check(records, (record) => partitionFault(record) ?? refuse(record))
      for (const record of records) appendOne(record)
      for (const appended of watchers) appended()
    },
    watch: (appended) => {
      watchers.add(appended)
      return () => watchers.delete(appended)
    },
  }
}
