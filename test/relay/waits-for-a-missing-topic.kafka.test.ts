import { expect, it } from 'vitest'
import { kafka } from '../../src/kafka/kafka.ts'
import { readTopic } from '../../src/kafka/read-topic.ts'
import { append } from '../../src/log/append.ts'
import { topics } from '../../src/message/topic.ts'
import { service } from '../../src/service/service.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase } from '../support/database.ts'
import { deposited } from './events.ts'

it('says which topic is missing, loses nothing, and goes on once it is there', async () => {
  const { database } = await freshDatabase()
  const topic = uniqueTopic('accounts')
  const transport = kafka({ brokers: brokers().split(',') })
  const app = await service({
    name: topic,
    database,
    transport,
    topic: topics.fixed(topic),
    createTopics: false,
  }).start()
  const events = [deposited('a'), deposited('a'), deposited('b')]
  await app.transaction((tx) => append(tx, events))
  const reason = (): string => app.health().parts.find(({ name }) => name === `relay ${topic}`)?.reason ?? ''
  await expect.poll(reason, { timeout: 30_000 }).toContain(`topic ${topic} does not exist`)
  expect(app.health().state).toBe('degraded')
  await transport.publishing.createTopics([{ name: topic, partitions: 2 }])
  await expect.poll(() => app.health().state, { timeout: 30_000 }).toBe('up')
  const ids = async () => (await readTopic(brokers(), topic)).map(({ headers }) => headers['ce_id'])
  await expect.poll(async () => (await ids()).length, { timeout: 30_000 }).toBe(3)
  await app.stop()
  expect((await ids()).toSorted()).toEqual(events.map(({ id }) => id).toSorted())
})
