import { kafka } from 'onewrite/kafka'
import { afterAll, expect, it, vi } from 'vitest'
import { loadClient } from '../../src/kafka/client.ts'
import { readerSettings } from '../../src/kafka/client-settings.ts'
import { openConsumer } from '../../src/kafka/consumer.ts'
import { type HeldPartition, heldPartition, placeName } from '../../src/kafka/held-partition.ts'
import { polling } from '../../src/kafka/poll.ts'
import { readOptions } from '../../src/kafka/read-options.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'

const options = { brokers: brokers().split(',') }
const sender = kafka(options)
afterAll(() => sender.close())

const count = 20_000
/** A third of what may lie ready, and one poll more. */
const share = 2_000 + 500
const ignore = (): void => undefined

const send = async (topic: string): Promise<void> => {
  await sender.publishing.createTopics([{ name: topic, partitions: 2 }])
  const publisher = await sender.publishing.publisher({ name: 'sender' })
  const numbers = Array.from({ length: count }, (_, index) => index)
  await publisher.publish(
    numbers.map((n) => ({ topic, partition: n % 2, key: 'k', value: String(n), headers: {} })),
  )
  await publisher.close()
}

it('holds no more than its share, while another partition is read to its end', async () => {
  const topic = uniqueTopic('held-back')
  await send(topic)
  const config = readOptions(options)
  const consumer = await openConsumer(loadClient(), config, readerSettings(config, 'read_committed'))
  const held = new Map<string, HeldPartition>()
  const polls = polling(consumer, held)
  const stop = new AbortController()
  for (const partition of [0, 1]) {
    const place = { topic, partition }
    const start = { place, committed: undefined, otherwise: 0 }
    const one = heldPartition(start, { begun: ignore, asked: polls.wake })
    one.assignment.begin()
    held.set(placeName(place), one)
  }
  consumer.handle.assign([0, 1].map((partition) => ({ topic, partition, offset: 0 })))
  const running = polls.run(stop.signal, ignore)

  let most = 0
  const [silent, read] = [...held.values()]
  const readOn = async (partition: HeldPartition | undefined, until: number): Promise<number> => {
    let records = 0
    while (records < until) {
      records += (await partition?.assignment.next({ records: 100, bytes: 1_000_000 }))?.length ?? until
      most = Math.max(most, silent?.records ?? 0)
    }
    return records
  }
  expect(await readOn(read, count / 2)).toBe(count / 2)
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThan(share)
  // Held back or not, nothing of it is missing.
  expect(await readOn(silent, count / 2)).toBe(count / 2)
  stop.abort()
  await running
  await consumer.close()
  await vi.waitFor(() => expect(read?.records).toBe(0))
})
