import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SourceName } from '../../src/service/service-options.ts'
import { judge } from '../../src/testing/history.ts'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'
import { uniqueTopic } from '../support/broker.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { caughtUp } from './caught-up.ts'
import { away } from './effort.ts'
import { readHistory } from './read-history.ts'
import { startRelayChild } from './relay-child.ts'
import { seedOf } from './seed.ts'
import { takeAway } from './server-faults.ts'
import { startWriters } from './writers.ts'

let kafka: Kafka
let fresh: TestDatabase

beforeAll(async () => {
  kafka = await startKafka()
  fresh = await freshDatabase()
})

afterAll(() => kafka.close())

const sources: readonly SourceName[] = ['table', 'wal']

// Both in one outage: neither shares anything with the other but the log.
it(`is away for ${away / 1000} s under load: writers go on, and nothing is lost, repeated or reordered`, {
  timeout: 120_000 + 2 * away,
}, async () => {
  const { database, url: databaseUrl } = fresh
  const { brokers } = kafka
  const seed = seedOf()
  const writers = await startWriters(database, { count: 16, seed })
  const relays = sources.map((source) => {
    const topic = uniqueTopic(source)
    const settings = { databaseUrl, brokers, topic, delivery: 'exactly-once', source, relay: topic } as const
    return { topic, child: startRelayChild(settings) }
  })
  await Promise.all(relays.map(({ child }) => child.leading))
  const recorded = writers.history.acknowledged.size
  await takeAway(kafka, away)
  expect(writers.history.acknowledged.size).toBeGreaterThan(recorded + away / 100)
  await Promise.all(relays.map(({ topic, child }) => caughtUp(database, child, topic)))
  await writers.stop()
  await Promise.all(relays.map(({ topic, child }) => caughtUp(database, child, topic)))
  for (const { topic, child } of relays) {
    expect(child.hasEnded(), child.output()).toBe(false)
    await child.stop()
    const history = await readHistory({ database, brokers, topic, relay: topic })
    expect(judge({ ...history, ...writers.history }), `ONEWRITE_SEED=${seed}`).toEqual({
      lost: [],
      phantom: [],
      duplicate: [],
      reordered: [],
      unrecorded: [],
    })
    expect(history.records).toHaveLength(history.events.length)
  }
})
