import { isOnewriteError, OnewriteError } from '../error/onewrite-error.ts'
import type { Client } from './client.ts'
import type { KafkaConfig } from './options.ts'
import type { Producer } from './producer.ts'
import { openReader, type Range, type Reader, wholeRanges } from './read-partitions.ts'
import { createTopic } from './topics.ts'

/** One partition, so that the order of checkpoints is plain. */
export const checkpointPartition = 0

/**
 * Creates the topic of one relay's checkpoints: compacted, with small segments, since only what lies in closed segments
 * is compacted and every start reads from the end.
 */
export const createCheckpointTopic = (producer: Producer, config: KafkaConfig): Promise<void> =>
  createTopic(
    producer,
    config,
    { name: config.checkpointTopic, partitions: 1 },
    {
      'cleanup.policy': 'compact',
      'segment.bytes': String(16 * 1024 * 1024),
      'segment.ms': String(60 * 60 * 1000),
      'min.cleanable.dirty.ratio': '0.05',
      ...(config.replicationFactor >= 2 ? { 'min.insync.replicas': '2' } : {}),
    },
  )

const firstWindow = 200
const windowGrowth = 10
/** A transaction of somebody else may hold back the end for as long as the brokers leave it open. */
const patience = 15_000

const readWindow = async (reader: Reader, window: Range, deadline: number, name: string) => {
  let found: string | undefined
  const whole = await reader.read([window], deadline, ({ key, value }) => {
    if (key?.toString() === name && value !== null) found = value.toString()
  })
  return { whole, found }
}

const search = async (
  reader: Reader,
  { topic, partition, from, to }: Range,
  deadline: number,
  name: string,
): Promise<string | undefined> => {
  for (let size = firstWindow; ; size *= windowGrowth) {
    const start = Math.max(from, to - size)
    const { whole, found } = await readWindow(reader, { topic, partition, from: start, to }, deadline, name)
    if (!whole) {
      const cause = `a transaction stays open in ${topic}; kafka-transactions.sh find-hanging tells which`
      throw new OnewriteError('CHECKPOINT_UNREADABLE', { name, cause })
    }
    if (found !== undefined || start === from) return found
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * The last committed checkpoint of a name. To be called after the predecessor was fenced: whatever it wrote is then
 * decided, and lies below the end that is captured here.
 *
 * @throws CHECKPOINT_UNREADABLE, BROKER_UNREACHABLE
 */
export const readCheckpoint = async (
  client: Client,
  producer: Producer,
  config: KafkaConfig,
  name: string,
): Promise<string | undefined> => {
  const deadline = performance.now() + config.transactionTimeout + patience
  try {
    const [range] = await wholeRanges(client, producer, {
      topic: config.checkpointTopic,
      partitions: [checkpointPartition],
      end: 'read_uncommitted',
    })
    if (range === undefined || range.from === range.to) return undefined
    const reader = await openReader(client, config, 'read_committed')
    try {
      return await search(reader, range, deadline, name)
    } finally {
      await reader.close()
    }
  } catch (error) {
    if (isOnewriteError(error)) throw error
    throw new OnewriteError('CHECKPOINT_UNREADABLE', { name, cause: wordsOf(error) }, { cause: error })
  }
}
