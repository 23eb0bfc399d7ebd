import { expect, it } from 'vitest'
import { kafka } from '../../src/kafka/kafka.ts'
import { readTopic } from '../../src/kafka/read-topic.ts'
import { append } from '../../src/log/append.ts'
import { lastHeader } from '../../src/message/header-list.ts'
import { topics } from '../../src/message/topic.ts'
import { service } from '../../src/service/service.ts'
import { judge } from '../../src/testing/history.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase } from '../support/database.ts'
import { deposited } from './events.ts'

const recordedSql = `select id::text, aggregate_id as key, sequence::float8 as sequence from onewrite.events`

it('publishes what concurrent transactions commit: once, in order, nothing that was rolled back', async () => {
  const { database } = await freshDatabase()
  const topic = uniqueTopic('accounts')
  const published: string[] = []
  const app = await service({
    name: uniqueTopic('relay'),
    database,
    transport: kafka({ brokers: brokers().split(',') }),
    topic: topics.fixed(topic),
    createTopics: [{ name: topic, partitions: 3 }],
    published: (records) =>
      published.push(...records.map(({ headers }) => String(lastHeader(headers, 'id')))),
  }).start()
  const rolledBack: string[] = []
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < 25; round += 1) {
      const events = [deposited(`account-${round % 5}`), deposited(`own-${writer}`)]
      const fails = round % 5 === 4
      const written = app.transaction(async (tx) => {
        await append(tx, events)
        if (fails) throw new Error('rolled back on purpose')
      })
      if (!fails) await written
      else await expect(written).rejects.toThrow('on purpose')
      if (fails) rolledBack.push(...events.map(({ id }) => id))
    }
  }
  await Promise.all(Array.from({ length: 12 }, (_, writer) => write(writer)))
  const events = (await database.query<{ id: string; key: string; sequence: number }>(recordedSql)).rows
  await expect.poll(() => published.length, { timeout: 20_000 }).toBe(events.length)
  await app.stop()
  const records = (await readTopic(brokers(), topic)).map(({ headers, key, partition, offset }) => ({
    id: headers['id'] ?? '',
    key: key ?? '',
    partition,
    offset: BigInt(offset),
    topic,
  }))
  expect(judge({ events, records, rolledBack })).toEqual({
    lost: [],
    phantom: [],
    duplicate: [],
    reordered: [],
    unrecorded: [],
  })
  expect(events.length).toBe(12 * 20 * 2)
})
