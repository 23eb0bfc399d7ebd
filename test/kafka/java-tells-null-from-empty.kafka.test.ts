import { text } from 'node:stream/consumers'
import { kafka } from 'onewrite/kafka'
import { afterAll, expect, it } from 'vitest'
import { consoleConsumer } from '../../stack/src/console-consumer.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'

const transport = kafka({ brokers: brokers().split(',') })
afterAll(() => transport.close())

it('writes headers that the Java client reads as null, empty and repeated', async () => {
  const topic = uniqueTopic('headers')
  await transport.publishing.createTopics([{ name: topic, partitions: 1 }])
  const publisher = await transport.publishing.publisher({ name: uniqueTopic('publisher') })
  const headers = [
    ['absent', null],
    ['empty', ''],
    ['no bytes', Buffer.alloc(0)],
    ['twice', '1'],
    ['absent', null],
    ['twice', Buffer.from('2')],
  ] as const
  await publisher.publish([{ topic, key: 'key', value: 'value', headers }])
  await publisher.close()
  const reader = await consoleConsumer({ brokers: brokers(), topic, maxMessages: 1, output: 'pipe' })
  if (reader.stdout === null) throw new Error('the output of the reader is not a pipe')
  expect(await text(reader.stdout)).toBe(
    'absent:null,empty:,no bytes:,twice:1,absent:null,twice:2\tkey\tvalue\n',
  )
})
