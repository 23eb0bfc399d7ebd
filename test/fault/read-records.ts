import { readTopic } from '../../src/kafka/read-topic.ts'
import type { HistoryRecord } from '../../src/testing/history.ts'

/** All records of a topic, as a read_committed consumer sees them after the fact. */
export const readRecords = async (brokers: string, topic: string): Promise<HistoryRecord[]> => {
  const written = await readTopic(brokers, topic, { timeout: 180_000 })
  return written.map(({ headers, key, partition, offset }) => ({
    id: headers['ce_id'] ?? '',
    key: key ?? '',
    partition,
    offset: BigInt(offset),
    topic,
    ...(headers['onewrite-refill'] === undefined ? {} : { refill: headers['onewrite-refill'] }),
  }))
}
