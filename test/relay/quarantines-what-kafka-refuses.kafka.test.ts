import { expect, it } from 'vitest'
import { editDeadLetter, redrive } from '../../src/dead-letter/decide.ts'
import { countDeadLetters, listDeadLetters } from '../../src/dead-letter/list.ts'
import { kafka } from '../../src/kafka/kafka.ts'
import { readTopic } from '../../src/kafka/read-topic.ts'
import { topics } from '../../src/message/topic.ts'
import { service } from '../../src/service/service.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase } from '../support/database.ts'
import { createTopicWith } from '../support/native-kafka.ts'
import { appendAll, deposited } from './events.ts'

const timeout = 40_000

/** Text that compression does not make small. */
const noise = (length: number): string =>
  Array.from({ length }, () => Math.random().toString(36).slice(2, 3) || '0').join('')

it.each(['exactly-once', 'at-least-once'] as const)(
  'a record that is too large for its topic quarantines its key alone; edited and redriven, all arrive in order (%s)',
  async (delivery) => {
    const { database } = await freshDatabase()
    const topic = uniqueTopic('accounts')
    await createTopicWith(topic, { 'max.message.bytes': '20000' })
    const app = await service({
      name: topic,
      database,
      delivery,
      transport: kafka({ brokers: brokers().split(',') }),
      topic: topics.fixed(topic),
      createTopics: false,
    }).start()
    // In one append, so that the small ones share a batch and a transaction with the large one.
    await appendAll(database, [
      deposited('a', { n: 1 }),
      deposited('b', { n: 1 }),
      deposited('a', { n: 2, text: noise(60_000) }),
      deposited('a', { n: 3 }),
      deposited('b', { n: 2 }),
    ])
    const read = async (key: string): Promise<readonly number[]> => [
      ...new Set(
        (await readTopic(brokers(), topic))
          .filter((record) => record.key === key)
          .map(({ value }): number => JSON.parse(String(value)).n),
      ),
    ]
    await expect.poll(() => read('b'), { timeout }).toEqual([1, 2])
    expect(await read('a')).toEqual([1])
    const reader = `relay/${topic}`
    await expect
      .poll(() => countDeadLetters(database, reader), { timeout })
      .toMatchObject({ parked: 1, waiting: 1 })
    const [parked] = await listDeadLetters(database, { reader })
    expect(parked).toMatchObject({ key: 'a', errorCode: 'PUBLISH_REFUSED', attempts: 1 })
    expect(app.health().parts.some(({ reason = '' }) => reason.includes('1 parked'))).toBe(true)
    // As it is it is refused again, and stays first.
    await redrive(database, { reader }, { actor: 'test' })
    await expect
      .poll(async () => (await listDeadLetters(database, { reader }))[0]?.attempts, { timeout })
      .toBe(2)
    expect(await read('a')).toEqual([1])
    const number = parked?.number ?? 0n
    await editDeadLetter(database, number, JSON.stringify({ n: 2 }), { actor: 'test', reason: 'too long' })
    await redrive(database, { reader }, { actor: 'test' })
    await appendAll(database, [deposited('a', { n: 4 })])
    await expect.poll(() => read('a'), { timeout }).toEqual([1, 2, 3, 4])
    await app.stop()
    const ids = (await readTopic(brokers(), topic)).map(({ headers }) => headers['id'])
    if (delivery === 'exactly-once') expect(ids).toHaveLength(new Set(ids).size)
  },
  120_000,
)
