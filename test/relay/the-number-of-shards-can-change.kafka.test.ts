import { afterEach, expect, it } from 'vitest'
import { kafka } from '../../src/kafka/kafka.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import type { Delivery } from '../../src/relay/open-sink.ts'
import type { Relay } from '../../src/relay/relay.ts'
import { shardedRelay } from '../../src/relay/shard/sharded-relay.ts'
import { divideRelay, readTopology } from '../../src/relay/shard/topology.ts'
import { tableSource } from '../../src/relay/table-source.ts'
import { type HistoryEvent, judge } from '../../src/testing/history.ts'
import { readRecords } from '../fault/read-records.ts'
import { startRelayChild } from '../fault/relay-child.ts'
import { seedOf } from '../fault/seed.ts'
import { startWriters } from '../fault/writers.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** One instance: a pool, a transport and a relay of its own, as in a process of its own. */
const startInstance = async (fresh: TestDatabase, topic: string, delivery: Delivery): Promise<Relay> => {
  const transport = kafka({ brokers: brokers().split(',') })
  const database = pgDatabase({ url: fresh.url })
  const { publishing } = transport
  await publishing.createTopics([{ name: topic, partitions: 4 }])
  const started = shardedRelay({
    name: topic,
    database,
    publishing,
    delivery,
    sourceOf: (part) =>
      tableSource({
        database,
        part,
        encode: (event) => toRecord(event, { source: '/test', topicOf: () => topic }),
      }),
    leaseTtl: 1000,
    watchEvery: 100,
  })
  started.start()
  closing.push(async () => {
    await started.stop()
    await transport.close()
    await database.close()
  })
  return started
}

const eventsSql = `select id::text, aggregate_id as key, sequence::float8 as sequence from onewrite.events`

const isActive = async ({ database }: TestDatabase, relay: string): Promise<boolean> =>
  (await readTopology(database, relay))?.now.active ?? false

const leaders = async ({ database }: TestDatabase, pattern: string): Promise<readonly string[]> => {
  const { rows } = await database.query<{ name: string }>(
    'select name from onewrite.leases where name like $1 and expires_at > clock_timestamp() order by name',
    [pattern],
  )
  return rows.map(({ name }) => name)
}

it.each<[Delivery]>([['exactly-once'], ['at-least-once']])(
  'under load, from one to four to two, %s: nothing is lost, repeated or reordered',
  { timeout: 60_000 },
  async (delivery) => {
    const seed = seedOf()
    const fresh = await freshDatabase()
    const topic = uniqueTopic('divided')
    await startInstance(fresh, topic, delivery)
    await startInstance(fresh, topic, delivery)
    const writers = await startWriters(fresh.database, { count: 8, seed })
    await expect.poll(() => isActive(fresh, topic)).toBe(true)
    for (const shards of [4, 2]) {
      const before = (await readRecords(brokers(), topic)).length
      expect(await divideRelay(fresh.database, topic, shards)).toMatchObject({ to: shards, changed: true })
      await expect.poll(() => isActive(fresh, topic), { timeout: 20_000 }).toBe(true)
      await expect
        .poll(async () => (await readRecords(brokers(), topic)).length, { timeout: 20_000 })
        .toBeGreaterThan(before + 50)
      await expect.poll(() => leaders(fresh, `relay/${topic}%`), { timeout: 20_000 }).toHaveLength(shards)
    }
    await writers.stop()
    const { rows: events } = await fresh.database.query<HistoryEvent>(eventsSql)
    const records = () => readRecords(brokers(), topic)
    // More than there are events is for the judge to name.
    await expect
      .poll(async () => (await records()).length, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(events.length)
    const verdict = judge({ events, records: await records(), ...writers.history })
    expect(verdict, `replay with ONEWRITE_SEED=${seed}`).toEqual({
      lost: [],
      phantom: [],
      duplicate: [],
      reordered: [],
      unrecorded: [],
    })
  },
)

it('takes over from an instance that was killed before it could drain', { timeout: 60_000 }, async () => {
  const seed = seedOf()
  const fresh = await freshDatabase()
  const topic = uniqueTopic('divided')
  const writers = await startWriters(fresh.database, { count: 8, seed })
  const first = startRelayChild(
    { databaseUrl: fresh.url, brokers: brokers(), topic, delivery: 'exactly-once', relay: topic },
    'relay.beforeCommit=kill@5',
  )
  await first.ended
  await divideRelay(fresh.database, topic, 3)
  await startInstance(fresh, topic, 'exactly-once')
  await expect.poll(() => isActive(fresh, topic), { timeout: 20_000 }).toBe(true)
  await writers.stop()
  const { rows: events } = await fresh.database.query<HistoryEvent>(eventsSql)
  const records = () => readRecords(brokers(), topic)
  // More than there are events is for the judge to name.
  await expect
    .poll(async () => (await records()).length, { timeout: 30_000 })
    .toBeGreaterThanOrEqual(events.length)
  const verdict = judge({ events, records: await records(), ...writers.history })
  expect(verdict, `replay with ONEWRITE_SEED=${seed}`).toMatchObject({
    lost: [],
    phantom: [],
    duplicate: [],
    reordered: [],
  })
})

it('follows the database where an instance was configured with another number', async () => {
  const fresh = await freshDatabase()
  const topic = uniqueTopic('divided')
  await startInstance(fresh, topic, 'exactly-once')
  await expect.poll(() => leaders(fresh, `relay/${topic}%`)).toEqual([`relay/${topic}`])
  await divideRelay(fresh.database, topic, 2)
  const names = [0, 1].map((index) => `relay/${topic}.2.${index}`)
  await expect.poll(() => leaders(fresh, `relay/${topic}%`), { timeout: 20_000 }).toEqual(names)
  await expect(divideRelay(fresh.database, topic, 65)).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  await expect(divideRelay(fresh.database, 'unknown', 2)).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  expect(await divideRelay(fresh.database, topic, 2)).toMatchObject({ changed: false })
})
