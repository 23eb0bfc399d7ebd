import { KafkaJS } from '@confluentinc/kafka-javascript'
import { afterAll, expect, test } from 'vitest'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'

const started: Kafka[] = []
afterAll(() => Promise.all(started.map((kafka) => kafka.close())))

const topicsOf = async (address: string, create?: string): Promise<readonly string[]> => {
  const admin = new KafkaJS.Kafka({
    kafkaJS: { brokers: [address], logLevel: KafkaJS.logLevel.NOTHING },
  }).admin()
  await admin.connect()
  if (create !== undefined) await admin.createTopics({ topics: [{ topic: create, numPartitions: 1 }] })
  const topics = await admin.listTopics()
  await admin.disconnect()
  return topics
}

test('the shared broker answers the client', async () => {
  const topic = uniqueTopic('shared')
  expect(await topicsOf(brokers(), topic)).toContain(topic)
})

test('a killed broker comes back with its address and its data', async () => {
  const kafka = await startKafka()
  started.push(kafka)
  const { brokers: address } = kafka
  await topicsOf(address, 'kept')
  await kafka.kill()
  await kafka.start()
  expect(kafka.brokers).toBe(address)
  expect(await topicsOf(address)).toContain('kept')
}, 120_000)
