import { OnewriteError } from '../error/onewrite-error.ts'
import type { WrittenRecord } from '../transport/written-record.ts'
import { type ConsumedMessage, loadClient, type Metadata } from './client.ts'
import { plainSettings } from './client-settings.ts'
import type { KafkaConfig, KafkaOptions } from './options.ts'
import { openProducer, type Producer } from './producer.ts'
import { readOptions } from './read-options.ts'
import { type Isolation, openReader, wholeRanges } from './read-partitions.ts'

export interface ReadTopicOptions {
  /** Default `read_committed`. */
  readonly isolation?: Isolation
  /**
   * `await`, the default: read on until the transactions that are open now are decided. `skip`: read as far as a
   * reader gets at this moment.
   */
  readonly openTransactions?: 'await' | 'skip'
  /** Milliseconds. An open transaction holds back what read_committed readers see. Default 30,000. */
  readonly timeout?: number
  /** Beyond the brokers, where they ask for it: ssl, sasl and so on. */
  readonly connection?: Omit<KafkaOptions, 'brokers'>
}

const written = ({
  topic,
  partition,
  offset,
  key,
  value,
  headers,
  timestamp,
}: ConsumedMessage): WrittenRecord => {
  const rawHeaders = (headers ?? []).flatMap((header) =>
    Object.entries(header).map(([name, text]) => [name, Buffer.from(text)] as const),
  )
  return {
    topic,
    partition,
    offset: String(offset),
    key: key === null || key === undefined ? null : key.toString(),
    rawKey: key === null || key === undefined ? null : Buffer.from(key),
    value,
    headers: Object.fromEntries(rawHeaders.map(([name, bytes]) => [name, bytes.toString()])),
    rawHeaders,
    timestamp,
  }
}

const partitionsOf = async (producer: Producer, config: KafkaConfig, topic: string): Promise<number[]> => {
  const timeout = config.connectTimeout
  const metadata = await producer.calls.call<Metadata>('asking for topics', timeout + 1_000, (callback) =>
    producer.handle.getMetadata({ allTopics: true, timeout }, callback),
  )
  const found = metadata.topics.find(({ name }) => name === topic)
  if (found === undefined) throw new OnewriteError('TOPIC_MISSING', { topic })
  return found.partitions.map(({ id }) => id)
}

const byPlace = (a: WrittenRecord, b: WrittenRecord): number =>
  a.partition - b.partition || Number(a.offset) - Number(b.offset)

/**
 * Everything a topic holds now, by partition, then by offset. The end is captured with open transactions included,
 * so nothing committed before the call can be missing unless they are skipped. For tests: all of it is held in memory.
 *
 * @throws TOPIC_MISSING, BROKER_UNREACHABLE, PUBLISH_UNKNOWN when the end was not reached in time
 */
export const readTopic = async (
  brokers: string,
  topic: string,
  options: ReadTopicOptions = {},
): Promise<readonly WrittenRecord[]> => {
  const { isolation = 'read_committed', openTransactions = 'await', timeout = 30_000 } = options
  const deadline = performance.now() + timeout
  const connection = options.connection ?? {}
  const config = readOptions({ ...connection, brokers: brokers.split(',') })
  const client = loadClient()
  const producer = await openProducer(client, config, plainSettings(config))
  try {
    const end = isolation === 'read_committed' && openTransactions === 'skip' ? isolation : 'read_uncommitted'
    const partitions = await partitionsOf(producer, config, topic)
    const ranges = await wholeRanges(client, producer, { topic, partitions, end })
    const records: WrittenRecord[] = []
    if (ranges.every(({ from, to }) => from === to)) return records
    const reader = await openReader(client, config, isolation)
    try {
      const whole = await reader.read(ranges, deadline, (message) => records.push(written(message)))
      if (!whole) throw new Error(`the end of ${topic} was not reached within ${timeout} ms`)
    } finally {
      await reader.close()
    }
    return records.sort(byPlace)
  } finally {
    await producer.close()
  }
}
