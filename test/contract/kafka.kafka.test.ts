import { kafka } from 'onewrite/kafka'
import { publishingContract, readTopic } from 'onewrite/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
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
