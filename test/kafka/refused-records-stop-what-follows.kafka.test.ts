import { randomBytes } from 'node:crypto'
import { kafka } from 'onewrite/kafka'
import { readTopic } from 'onewrite/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { createTopicWith } from '../support/native-kafka.ts'

const transport = kafka({ brokers: brokers().split(','), maxRecordBytes: 1_000_000 })
const { publishing } = transport
afterAll(() => transport.close())

const record = (topic: string, value: string | Buffer) => ({ topic, key: 'k', value, headers: {} })
/** Below the client's limit, above the topic's; random bytes, so that compression does not save them. */
const tooLargeForTopic = randomBytes(900_000)
/** Does not fit in the batch of the one before. */
const large = randomBytes(200_000)

const smallTopic = async (): Promise<string> => {
  const topic = uniqueTopic('small')
  await createTopicWith(topic, { 'max.message.bytes': '300000' })
  return topic
}

describe('a record that the broker refuses', () => {
  it('is PUBLISH_REFUSED, and no later record of its key overtakes it', async () => {
    const topic = await smallTopic()
    const publisher = await publishing.publisher({ name: uniqueTopic('publisher') })
    await publisher.publish([record(topic, 'before')])
    const refused = publisher.publish([record(topic, tooLargeForTopic)])
    const after = publisher.publish([record(topic, large), record(topic, 'after')])
    const reason = { code: 'PUBLISH_REFUSED', message: expect.stringContaining(topic) }
    await expect(refused).rejects.toMatchObject(reason)
    await expect(after).rejects.toMatchObject({ code: 'PUBLISH_REFUSED' })
    await publisher.close()
    expect((await readTopic(brokers(), topic)).map(({ value }) => value?.toString())).toEqual(['before'])
  })

  it('is PUBLISH_REFUSED in a transaction, of which nothing is seen and whose checkpoint does not move', async () => {
    const topic = await smallTopic()
    const name = uniqueTopic('relay')
    const publisher = await publishing.transactionalPublisher({ name })
    await publisher.publish([record(topic, 'before')])
    await publisher.commit('1')
    const refused = async () => {
      await publisher.publish([record(topic, 'with it'), record(topic, tooLargeForTopic)])
      await publisher.commit('2')
    }
    const reason = { code: 'PUBLISH_REFUSED', message: expect.stringContaining(topic) }
    await expect(refused()).rejects.toMatchObject(reason)
    await publisher.close()
    const next = await publishing.transactionalPublisher({ name })
    expect(next.checkpoint).toBe('1')
    expect((await readTopic(brokers(), topic)).map(({ value }) => value?.toString())).toEqual(['before'])
  })

  it('is refused before it leaves when it is larger than maxRecordBytes', async () => {
    const topic = await smallTopic()
    const publisher = await publishing.publisher({ name: uniqueTopic('publisher') })
    const huge = publisher.publish([record(topic, randomBytes(1_100_000))])
    await expect(huge).rejects.toMatchObject({ code: 'PUBLISH_REFUSED' })
    await publisher.close()
  })
})

describe('a topic that does not exist', () => {
  it('is TOPIC_MISSING in a bounded time for both publishers', async () => {
    const topic = uniqueTopic('missing')
    const plain = await publishing.publisher({ name: uniqueTopic('publisher') })
    const transactional = await publishing.transactionalPublisher({ name: uniqueTopic('relay') })
    const missing = { code: 'TOPIC_MISSING', message: expect.stringContaining(topic) }
    await Promise.all([
      expect(plain.publish([record(topic, 'v')])).rejects.toMatchObject(missing),
      expect(transactional.publish([record(topic, 'v')])).rejects.toMatchObject(missing),
    ])
    await Promise.all([plain.close(), transactional.close()])
  })
})

describe('createTopics', () => {
  it('names every bad name at once and creates none of them', async () => {
    const creation = publishing.createTopics([
      { name: 'not a topic' },
      { name: '' },
      { name: uniqueTopic('ok') },
    ])
    await expect(creation).rejects.toThrow(/not a topic.*needs a name.*INVALID_CONFIG/s)
  })

  it('says why the brokers refuse', async () => {
    const greedy = kafka({ brokers: brokers().split(','), replicationFactor: 1_000 })
    const creation = greedy.publishing.createTopics([{ name: uniqueTopic('greedy') }])
    await expect(creation).rejects.toMatchObject({
      code: 'PUBLISH_REFUSED',
      message: expect.stringContaining('replication factor'),
    })
  })
})
