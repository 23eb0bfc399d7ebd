import { expect, it } from 'vitest'
import { kafka } from '../../src/kafka/kafka.ts'
import { readTopic } from '../../src/kafka/read-topic.ts'
import { append } from '../../src/log/append.ts'
import { lastPosition } from '../../src/log/last-position.ts'
import { topics } from '../../src/message/topic.ts'
import { readCheckpoint } from '../../src/postgres/checkpoint.ts'
import type { Database } from '../../src/postgres/database.ts'
import { service } from '../../src/service/service.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase } from '../support/database.ts'
import { deposited } from './events.ts'

const startOn = (database: Database, name: string) =>
  service({
    name,
    database,
    transport: kafka({ brokers: brokers().split(',') }),
    topic: topics.fixed(name),
    createTopics: [name],
  }).start()

const idsOf = async (topic: string): Promise<(string | undefined)[]> =>
  (await readTopic(brokers(), topic)).map(({ headers }) => headers['ce_id'])

// What PostgreSQL remembers of a reader can go back: a slot does after a crash of the server, a row after a restore.
const copyOf = async (database: Database, name: string): Promise<bigint | undefined> =>
  (await readCheckpoint(database, `relay/${name}`))?.position

it.each([
  ['went back to the start', 0n],
  ['is ahead of what was published', 1_000n],
])('goes on from Kafka when the copy in PostgreSQL %s', async (_, position) => {
  const { database } = await freshDatabase()
  const name = uniqueTopic('accounts')
  const before = [deposited('a'), deposited('b')]
  const after = [deposited('a'), deposited('c')]
  const first = await startOn(database, name)
  await first.transaction((tx) => append(tx, before))
  await expect.poll(() => idsOf(name), { timeout: 20_000 }).toHaveLength(2)
  await first.stop()
  await database.query('update onewrite.checkpoints set position = $1', [position])
  const second = await startOn(database, name)
  await second.transaction((tx) => append(tx, after))
  await expect.poll(() => idsOf(name), { timeout: 20_000 }).toHaveLength(4)
  // Retention goes by the copy: one that stays ahead of Kafka would let it drop what was not published.
  await expect.poll(() => copyOf(database, name)).toBe(await lastPosition(database))
  await second.stop()
  expect((await idsOf(name)).toSorted()).toEqual([...before, ...after].map(({ id }) => id).toSorted())
})
