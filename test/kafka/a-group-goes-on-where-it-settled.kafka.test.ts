import { kafka } from 'onewrite/kafka'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { readingMember } from '../support/reading.ts'

const addresses = brokers().split(',')
const sender = kafka({ brokers: addresses })
afterAll(() => sender.close())

const send = async (topic: string, values: readonly string[], partitions = 4): Promise<void> => {
  await sender.publishing.createTopics([{ name: topic, partitions }])
  const publisher = await sender.publishing.publisher({ name: 'sender' })
  await publisher.publish(values.map((value) => ({ topic, key: `key-${value}`, value, headers: {} })))
  await publisher.close()
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index))

for (const groupProtocol of ['classic', 'consumer'] as const) {
  describe(`with the protocol ${groupProtocol}`, () => {
    it('delivers, settles, and goes on after a stop', async () => {
      const topic = uniqueTopic('orders')
      await send(topic, numbers(0, 200))
      const transport = kafka({ brokers: addresses, groupProtocol })
      const first = readingMember()
      const subscription = transport.subscribing.subscribe({ group: topic, topics: [topic] }, first)
      await vi.waitFor(() => expect(first.records()).toHaveLength(200), { timeout: 20_000 })
      await subscription.stop()
      await subscription.ended
      expect(first.now()).toEqual([])
      await send(topic, numbers(200, 300))
      const second = readingMember()
      transport.subscribing.subscribe({ group: topic, topics: [topic] }, second)
      await vi.waitFor(() => expect(second.records()).toHaveLength(100), { timeout: 20_000 })
      const values = second.records().map(({ value }) => Number(value))
      expect(Math.min(...values)).toBe(200)
      await transport.close()
    })
  })
}
