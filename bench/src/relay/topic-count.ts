import { setTimeout as wait } from 'node:timers/promises'
import { publisherSettings } from '../../../src/kafka/client-settings.ts'
import { openProducer } from '../../../src/kafka/producer.ts'
import { type Isolation, wholeRanges } from '../../../src/kafka/read-partitions.ts'
import { partitions } from './drain.ts'
import { clientWith, configFor } from './publishing.ts'

export interface TopicCount {
  /** Records that are there. Markers of transactions count too: a few in 10,000. */
  now(visible: Isolation): Promise<number>
  /** Resolves with the moment, of `performance.now()`, and the number found then. */
  reaches(atLeast: number, visible: Isolation): Promise<{ readonly at: number; readonly count: number }>
  close(): Promise<void>
}

/** Often enough for drains of seconds, and a small part of a percent of the broker's time. */
const interval = 20
const timeout = 600_000

/** Asks the broker where a topic ends instead of reading it: a reader would take its share of the machine. */
export const countTopic = async (brokers: string, topic: string): Promise<TopicCount> => {
  const config = configFor(brokers)
  const client = clientWith({})
  const producer = await openProducer(client, config, publisherSettings(config))
  const places = { topic, partitions: Array.from({ length: partitions }, (_, index) => index) }
  const now = async (end: Isolation): Promise<number> => {
    const ranges = await wholeRanges(client, producer, { ...places, end })
    return ranges.reduce((sum, { from, to }) => sum + to - from, 0)
  }
  return {
    now,
    reaches: async (atLeast, visible) => {
      const deadline = performance.now() + timeout
      for (;;) {
        const count = await now(visible)
        if (count >= atLeast) return { at: performance.now(), count }
        if (performance.now() > deadline) throw new Error(`${topic}: ${count} of ${atLeast} records in time`)
        await wait(interval)
      }
    },
    close: () => producer.close(),
  }
}
