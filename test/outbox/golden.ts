import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { headerList } from '../../src/message/header-list.ts'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import { partitionFor } from '../../src/message/partition.ts'

const folder = fileURLToPath(new URL('../fixtures/event-router', import.meta.url))

interface Converter {
  readonly class: string
  readonly settings?: Readonly<Record<string, string>>
}

/** A record as it lies in Kafka; bytes in base64. */
export interface GoldenRecord {
  readonly topic: string
  readonly partition: number
  readonly partitions: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [name: string, value: string | null])[]
  /** Null where it is the time at which Debezium saw the row. */
  readonly timestamp: number | null
}

export interface Golden {
  readonly name: string
  readonly about: string
  readonly setup: readonly string[]
  readonly inserts: readonly string[]
  readonly options: Readonly<Record<string, string>>
  readonly connector: Readonly<Record<string, string>>
  readonly converters: { readonly key: Converter; readonly value: Converter; readonly header: Converter }
  readonly records: readonly GoldenRecord[]
  readonly failed?: { readonly error: string; readonly message: string }
}

/** Everything that was recorded, in the order of its names. */
export const goldens: readonly Golden[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file): Golden => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')))

const tableOf = ({ setup }: Golden): string => {
  const found = setup.map((sql) => /create table (\w+)/.exec(sql)?.[1]).find((name) => name !== undefined)
  if (found === undefined) throw new Error('the setup creates no table')
  return found
}

const settings = (use: string, { class: name, settings: more = {} }: Converter): Record<string, string> =>
  Object.fromEntries([
    [`${use}.converter`, name],
    ...Object.entries(more).map(([option, value]) => [`${use}.converter.${option}`, value]),
  ])

/** The file of the connector that was recorded. */
export const connectorOf = (golden: Golden): Record<string, string> => ({
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'topic.prefix': 'dbz',
  'table.include.list': `public.${tableOf(golden)}`,
  'message.prefix.include.list': 'outbox',
  'extended.headers.enabled': 'false',
  transforms: 'outbox',
  'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
  ...Object.fromEntries(
    Object.entries(golden.options).map(([name, value]) => [`transforms.outbox.${name}`, value]),
  ),
  ...settings('key', golden.converters.key),
  ...settings('value', golden.converters.value),
  ...settings('header', golden.converters.header),
  ...golden.connector,
})

const base64 = (value: string | Buffer | null): string | null =>
  value === null ? null : Buffer.from(value).toString('base64')

/** A record of ours in the form of the recorded ones, in a topic of so many partitions. */
export const recorded = (record: OutgoingRecord, partitions: number): GoldenRecord => ({
  topic: record.topic,
  // Without a key any partition will do.
  partition: record.partition ?? (record.key === null ? 0 : partitionFor(record.key, partitions)),
  partitions,
  key: base64(record.key),
  value: base64(record.value),
  headers: headerList(record.headers).map(([name, value]) => [name, base64(value)]),
  timestamp: record.timestamp ?? null,
})

/** By topic and partition, as the recorded ones are. */
export const inOrder = (records: readonly GoldenRecord[]): readonly GoldenRecord[] =>
  [...records].sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
