import { kafka } from 'onewrite/kafka'
import { publishingContract, readTopic, subscribingContract } from 'onewrite/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'

describe('kafka publishes as the contract says', () => {
  const transport = kafka({ brokers: brokers().split(',') })
  const fixture = {
    publishing: transport.publishing,
    uniqueName: uniqueTopic,
    readCommitted: (topic: string) => readTopic(brokers(), topic),
    visibleNow: (topic: string) => readTopic(brokers(), topic, { openTransactions: 'skip' }),
    readUncommitted: (topic: string) => readTopic(brokers(), topic, { isolation: 'read_uncommitted' }),
  }
  beforeAll(() => transport.check())
  afterAll(() => transport.close())

  for (const { name, run } of publishingContract) it(name, () => run(fixture))
})

// At once: nearly all of their time is waiting for the group, and each has topics and a group of its own.
describe.concurrent.each(['classic', 'consumer'] as const)(
  'kafka delivers as the contract says: %s',
  (groupProtocol) => {
    const transport = kafka({ brokers: brokers().split(','), groupProtocol })
    const { publishing, subscribing } = transport
    const fixture = {
      subscribing,
      uniqueName: uniqueTopic,
      createTopic: async () => {
        const name = uniqueTopic('topic')
        await publishing.createTopics([{ name, partitions: 4 }])
        return name
      },
      send: async (records: readonly OutgoingRecord[]) => {
        const publisher = await publishing.publisher({ name: 'sender' })
        await publisher.publish(records)
        await publisher.close()
      },
    }
    afterAll(() => transport.close())

    for (const { name, run } of subscribingContract) it(name, { timeout: 300_000 }, () => run(fixture))
  },
)
