import { kafka } from 'onewrite/kafka'
import { readTopic } from 'onewrite/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { TransactionalPublisher } from '../../src/transport/publisher.ts'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'

let broker: Kafka
beforeAll(async () => {
  broker = await startKafka()
})
afterAll(() => broker.close())

const keys = 20
const perTransaction = 200
const transactions = 60
const topic = 'survivors'

const transportOf = (transactionTimeout: number) =>
  kafka({ brokers: broker.brokers.split(','), transactionTimeout, connectTimeout: 2_000 })

const records = (from: number) =>
  Array.from({ length: perTransaction }, (_, index) => {
    const number = from + index
    return { topic, key: `key-${number % keys}`, value: String(number), headers: {} }
  })

/** Publishes from the checkpoint on until the first rejection, or until everything is committed. */
const publishOn = async (
  publisher: TransactionalPublisher,
  committed: (at: number) => void,
): Promise<void> => {
  for (let at = Number(publisher.checkpoint ?? 0); at < transactions * perTransaction; at += perTransaction) {
    await publisher.publish(records(at))
    await publisher.commit(String(at + perTransaction))
    committed(at + perTransaction)
  }
}

/** What a relay does: a new publisher after every rejection, from the checkpoint that Kafka holds. */
const publishAll = async (
  transport: ReturnType<typeof transportOf>,
  committed: (at: number) => void,
): Promise<number> => {
  for (let rejections = 0; ; rejections++) {
    let publisher: TransactionalPublisher | undefined
    try {
      publisher = await transport.publishing.transactionalPublisher({ name: 'relay' })
      await publishOn(publisher, committed)
      return rejections
    } catch (error) {
      expect(error).toMatchObject({
        code: expect.stringMatching(
          /PUBLISH_UNKNOWN|BROKER_UNREACHABLE|FENCED|CHECKPOINT_UNREADABLE|TOPIC_MISSING/,
        ),
      })
    } finally {
      await publisher?.close()
    }
  }
}

it('loses nothing and shows nothing twice when the broker is killed twice amid transactions', async () => {
  const transport = transportOf(4_000)
  await transport.publishing.createTopics([{ name: topic, partitions: 4 }])
  const killAt = [15, 35].map((count) => count * perTransaction)
  const restarts: Promise<void>[] = []
  const rejections = await publishAll(transport, (at) => {
    if (at < (killAt[0] ?? Number.POSITIVE_INFINITY)) return
    killAt.shift()
    // Not awaited: the next transaction is under way when the broker dies.
    restarts.push(broker.kill().then(() => broker.start()))
  })
  await Promise.all(restarts)
  await transport.close()
  expect(restarts).toHaveLength(2)

  const read = await readTopic(broker.brokers, topic)
  const numbers = read.map(({ value }) => Number(value))
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(numbers.length).toBe(transactions * perTransaction)
  const last = new Map<string | null, number>()
  for (const { key, value } of read) {
    expect(Number(value)).toBeGreaterThan(last.get(key) ?? -1)
    last.set(key, Number(value))
  }
  expect(rejections).toBeLessThan(100)
}, 120_000)

it('waits while the queue of the client is full, and keeps the order', async () => {
  const transport = kafka({ brokers: broker.brokers.split(',') })
  await transport.publishing.createTopics([{ name: 'waiting', partitions: 1 }])
  const publisher = await transport.publishing.publisher({ name: 'waiting' })
  await publisher.publish([{ topic: 'waiting', key: 'k', value: '-1', headers: {} }])
  const count = 30_000
  const queue = 20_000
  let reads = 0
  const many = Array.from({ length: count }, (_, index) => ({
    topic: 'waiting',
    key: 'k',
    get value() {
      reads += 1
      return String(index)
    },
    headers: {},
  }))
  await broker.pause()
  const published = publisher.publish(many)
  // Each is read once for its check and once for the queue; more means that one is offered again and again.
  await vi.waitFor(() => expect(reads).toBeGreaterThan(count + queue + 50), { timeout: 20_000 })
  await broker.resume()
  await published
  await transport.close()
  const read = await readTopic(broker.brokers, 'waiting')
  expect(read.map(({ value }) => Number(value))).toEqual(
    Array.from({ length: count + 1 }, (_, index) => index - 1),
  )
}, 60_000)

it('can be used again once the broker is back, though a call failed while it was away', async () => {
  const transport = transportOf(4_000)
  await broker.kill()
  await expect(transport.check()).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' })
  await expect(transport.publishing.publisher({ name: 'early' })).rejects.toMatchObject({
    code: 'BROKER_UNREACHABLE',
  })
  await broker.start()
  await transport.check()
  const publisher = await transport.publishing.transactionalPublisher({ name: 'early' })
  await publisher.commit('1')
  await transport.close()
}, 60_000)

it('rejects in a bounded time while the broker is frozen, and close does not hang or crash', async () => {
  const transport = transportOf(2_000)
  await transport.publishing.createTopics([{ name: 'frozen', partitions: 1 }])
  const record = { topic: 'frozen', key: 'k', value: 'v', headers: {} }
  const plain = await kafka({
    brokers: broker.brokers.split(','),
    deliveryTimeout: 1_000,
  }).publishing.publisher({
    name: 'plain',
  })
  const committing = await transport.publishing.transactionalPublisher({ name: 'committing' })
  const closing = await transport.publishing.transactionalPublisher({ name: 'closing' })
  await plain.publish([record])
  await Promise.all([committing.publish([record]), closing.publish([record])])
  await broker.pause()
  const rejections = Promise.all([
    expect(plain.publish([record])).rejects.toMatchObject({ code: 'PUBLISH_UNKNOWN' }),
    expect(committing.commit('1')).rejects.toMatchObject({ code: 'PUBLISH_UNKNOWN' }),
    expect(closing.commit('1')).rejects.toMatchObject({ code: 'PUBLISH_UNKNOWN' }),
  ])
  // Closed while its commit is under way natively.
  await closing.close()
  await rejections
  await Promise.all([plain.close(), committing.close()])
  await broker.resume()
  await transport.check()
  await transport.close()
}, 60_000)
