import { randomUUID } from 'node:crypto'
import { publishingContract, subscribingContract } from 'onewrite/testing'
import { memory } from 'onewrite/transport'
import { describe, it } from 'vitest'

const transport = memory()
const { publishing, subscribing, records } = transport
const uniqueName = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`
const read = async (topic: string) => records(topic)

describe('memory publishes as the contract says', () => {
  const fixture = { publishing, uniqueName, readCommitted: read, visibleNow: read }
  for (const { name, run } of publishingContract) it(name, () => run(fixture))
})

describe('memory delivers as the contract says', () => {
  const createTopic = async (): Promise<string> => {
    const name = uniqueName('topic')
    await publishing.createTopics([{ name }])
    return name
  }
  const opened = publishing.publisher({ name: 'contract' })
  const send = async (batch: Parameters<Awaited<typeof opened>['publish']>[0]) =>
    (await opened).publish(batch)
  const fixture = { subscribing, uniqueName, createTopic, send }
  for (const { name, run } of subscribingContract) it(name, () => run(fixture))
})
