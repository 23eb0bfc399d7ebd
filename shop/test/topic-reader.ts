import { randomUUID } from 'node:crypto'
import { KafkaJS } from '@confluentinc/kafka-javascript'

export interface ReadRecord {
  readonly key: string | undefined
  readonly value: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

const textsOf = (headers: KafkaJS.IHeaders | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]))

export interface TopicReader {
  /** Committed records so far, from the start of the topic. */
  readonly records: readonly ReadRecord[]
  close(): Promise<void>
}

export const listTopics = async (brokers: string): Promise<string[]> => {
  const admin = new KafkaJS.Kafka({
    kafkaJS: { brokers: brokers.split(','), logLevel: KafkaJS.logLevel.NOTHING },
  }).admin()
  await admin.connect()
  try {
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

/** A read_committed consumer of one topic, in a group of its own. */
export const readTopic = async (brokers: string, topic: string): Promise<TopicReader> => {
  const kafka = new KafkaJS.Kafka({
    kafkaJS: { brokers: brokers.split(','), logLevel: KafkaJS.logLevel.NOTHING },
  })
  const consumer = kafka.consumer({
    kafkaJS: { groupId: `reader-${randomUUID()}`, fromBeginning: true, readUncommitted: false },
  })
  const records: ReadRecord[] = []
  await consumer.connect()
  await consumer.subscribe({ topic })
  await consumer.run({
    eachMessage: async ({ message }) => {
      records.push({
        key: message.key?.toString(),
        value: message.value?.toString(),
        headers: textsOf(message.headers),
      })
    },
  })
  return { records, close: () => consumer.disconnect() }
}
