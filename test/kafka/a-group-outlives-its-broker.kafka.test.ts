import { kafka } from 'onewrite/kafka'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'
import { readingMember } from '../support/reading.ts'

let broker: Kafka
beforeAll(async () => {
  broker = await startKafka()
})
afterAll(() => broker.close())

const patience = { timeout: 60_000 }

const send = async (topic: string, from: number, count: number): Promise<void> => {
  const transport = kafka({ brokers: broker.brokers.split(',') })
  await transport.publishing.createTopics([{ name: topic, partitions: 2 }])
  const publisher = await transport.publishing.publisher({ name: 'sender' })
  const numbers = Array.from({ length: count }, (_, index) => from + index)
  await publisher.publish(numbers.map((n) => ({ topic, key: `key-${n}`, value: String(n), headers: {} })))
  await transport.close()
}

describe.each(['classic', 'consumer'] as const)('with the protocol %s', (groupProtocol) => {
  const transportOf = () =>
    kafka({ brokers: broker.brokers.split(','), groupProtocol, sessionTimeout: 6_000, connectTimeout: 2_000 })

  it('goes on after the broker was killed and started again, and settles', async () => {
    const topic = `restarted-${groupProtocol}`
    await send(topic, 0, 100)
    const member = readingMember()
    const transport = transportOf()
    const subscription = transport.subscribing.subscribe({ group: topic, topics: [topic] }, member)
    const numbers = (): number => new Set(member.records().map(({ value }) => String(value))).size
    await vi.waitFor(() => expect(numbers()).toBe(100), patience)
    await broker.kill()
    await vi.waitFor(() => expect(subscription.health?.().state).toBe('degraded'), patience)
    await broker.start()
    await send(topic, 100, 100)
    await vi.waitFor(() => expect(numbers()).toBe(200), patience)
    await vi.waitFor(() => expect(subscription.health?.().state).toBe('up'), patience)
    await transport.close()
    const next = readingMember()
    const again = transportOf()
    again.subscribing.subscribe({ group: topic, topics: [topic] }, next)
    await send(topic, 200, 10)
    await vi.waitFor(() => expect(next.records()).toHaveLength(10), patience)
    await again.close()
  }, 200_000)

  it('begins once a broker is there', async () => {
    const topic = `early-${groupProtocol}`
    await send(topic, 0, 10)
    await broker.stop()
    const member = readingMember()
    const transport = transportOf()
    const subscription = transport.subscribing.subscribe({ group: topic, topics: [topic] }, member)
    await vi.waitFor(() => expect(subscription.health?.().reason).toContain('no Kafka broker'), patience)
    await broker.start()
    await vi.waitFor(() => expect(member.records()).toHaveLength(10), patience)
    await transport.close()
  }, 200_000)

  it('stops while no broker answers', async () => {
    const topic = `stopped-${groupProtocol}`
    await send(topic, 0, 10)
    const member = readingMember()
    const transport = transportOf()
    const subscription = transport.subscribing.subscribe({ group: topic, topics: [topic] }, member)
    await vi.waitFor(() => expect(member.records()).toHaveLength(10), patience)
    await broker.pause()
    await subscription.stop()
    expect(member.now()).toEqual([])
    await broker.resume()
  }, 200_000)
})
