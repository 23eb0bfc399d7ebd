import { randomBytes } from 'node:crypto'
import { kafka } from 'onewrite/kafka'
import { type Refused, refusedBy } from 'onewrite/transport'
import { afterAll, describe, expect, it } from 'vitest'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { createTopicWith } from '../support/native-kafka.ts'

const transport = kafka({ brokers: brokers().split(','), maxRecordBytes: 1_000_000 })
const { publishing } = transport
afterAll(() => transport.close())

const record = (topic: string, id: string, bytes: number) => ({
  topic,
  key: `key-${id}`,
  // Random, so that compression does not save it.
  value: randomBytes(bytes),
  headers: { id },
})

const smallTopic = async (): Promise<string> => {
  const topic = uniqueTopic('small')
  await createTopicWith(topic, { 'max.message.bytes': '20000' })
  return topic
}

const refusedOf = (work: Promise<unknown>): Promise<Refused | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => refusedBy(error),
  )

const publishBoth = async (
  how: 'publisher' | 'transactionalPublisher',
  apart: boolean,
): Promise<{ readonly refused: Refused | undefined }> => {
  const topic = await smallTopic()
  const records = [
    record(topic, 'small', 3_000),
    record(topic, 'large', 50_000),
    record(topic, 'last', 3_000),
  ]
  const name = uniqueTopic('publisher')
  if (how === 'publisher') {
    const publisher = await publishing.publisher({ name, apart })
    const refused = await refusedOf(publisher.publish(records))
    await publisher.close()
    return { refused }
  }
  const publisher = await publishing.transactionalPublisher({ name, apart })
  const refused = await refusedOf(publisher.publish(records).then(() => publisher.commit('1')))
  await publisher.close()
  return { refused }
}

describe.each(['publisher', 'transactionalPublisher'] as const)('a %s', (how) => {
  it('does not call a refusal exact while the broker refuses whole batches', async () => {
    const { refused } = await publishBoth(how, false)
    expect(refused).toMatchObject({ scope: 'record', exact: false })
  })

  it('names the one record that is too large for its topic when it sends records apart', async () => {
    const { refused } = await publishBoth(how, true)
    expect(refused).toMatchObject({ scope: 'record', exact: true })
    expect(refused?.records.map(({ id, key }) => [id, key?.toString()])).toEqual([['large', 'key-large']])
  })

  it('names the record that its own limit keeps back, at once', async () => {
    const topic = await smallTopic()
    const publisher = await publishing[how]({ name: uniqueTopic('publisher') })
    const refused = await refusedOf(publisher.publish([record(topic, 'huge', 1_100_000)]))
    await publisher.close()
    expect(refused).toMatchObject({ scope: 'record', exact: true, records: [{ id: 'huge' }] })
  })
})

it('tells records alike in key and size by the order they were handed over', async () => {
  const topic = await smallTopic()
  const publisher = await publishing.transactionalPublisher({ name: uniqueTopic('publisher'), apart: true })
  await publisher.publish([{ ...record(topic, 'before', 10), key: 'k' }])
  await publisher.commit('1')
  const alike = ['first', 'second'].map((id) => ({ ...record(topic, id, 50_000), key: 'k' }))
  const refused = await refusedOf(publisher.publish(alike).then(() => publisher.commit('2')))
  await publisher.close()
  expect(refused?.records[0]?.id).toBe('first')
})
