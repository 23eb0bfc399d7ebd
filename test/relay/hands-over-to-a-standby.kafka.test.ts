import { expect, it } from 'vitest'
import { readRecords } from '../fault/read-records.ts'
import { type RelayChild, startRelayChild } from '../fault/relay-child.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'

const leaderSql = `select owner from onewrite.leases where name = 'relay/fault' and expires_at > clock_timestamp()`

const stage = async (delivery: 'exactly-once' | 'at-least-once') => {
  const fresh = await freshDatabase()
  const topic = uniqueTopic('accounts')
  const start = (failpoints = ''): RelayChild =>
    startRelayChild({ databaseUrl: fresh.url, brokers: brokers(), topic, delivery, relay: topic }, failpoints)
  const leader = async (): Promise<string | undefined> =>
    (await fresh.database.query<{ owner: string }>(leaderSql.replace('fault', topic))).rows[0]?.owner
  return { ...fresh, topic, start, leader }
}

const idsOf = async (topic: string): Promise<string[]> =>
  (await readRecords(brokers(), topic).catch(() => [])).map(({ id }) => id)

it('lets one instance publish while the other stands by, and take over when it is killed', async () => {
  const { database, topic, start, leader } = await stage('exactly-once')
  const first = start()
  await expect.poll(leader, { timeout: 20_000 }).toBeDefined()
  const leading = await leader()
  const second = start()
  await second.started
  const before = await appendAll(database, [deposited('a'), deposited('b')])
  await expect.poll(() => idsOf(topic), { timeout: 20_000 }).toHaveLength(2)
  expect(await leader()).toBe(leading)
  await first.kill()
  const after = await appendAll(database, [deposited('a'), deposited('b')])
  await expect.poll(() => idsOf(topic), { timeout: 20_000 }).toHaveLength(4)
  expect(await leader()).not.toBe(leading)
  await second.stop()
  expect((await idsOf(topic)).toSorted()).toEqual([...before, ...after].toSorted())
})

it('fences a leader that was frozen while another took over: what it wakes up with is never seen', async () => {
  const { database, topic, start, leader } = await stage('exactly-once')
  // Stops itself with records handed to the broker and the transaction open.
  const frozen = start('relay.beforeCommit=stop@1')
  await expect.poll(leader, { timeout: 20_000 }).toBeDefined()
  const ids = await appendAll(database, [deposited('a'), deposited('a'), deposited('b')])
  await expect.poll(frozen.isStopped, { timeout: 20_000 }).toBe(true)
  const second = start()
  await expect.poll(() => idsOf(topic), { timeout: 40_000 }).toHaveLength(3)
  frozen.resume()
  const later = await appendAll(database, [deposited('a')])
  await expect.poll(() => idsOf(topic), { timeout: 20_000 }).toHaveLength(4)
  await Promise.all([frozen.stop(), second.stop()])
  expect((await idsOf(topic)).toSorted()).toEqual([...ids, ...later].toSorted())
})

it('repeats events only after a fault when it publishes at least once, with the same ids and in order', async () => {
  const { database, topic, start } = await stage('at-least-once')
  const ids = await appendAll(database, [deposited('a'), deposited('a'), deposited('a')])
  const killed = start('relay.beforeCommit=kill@1')
  await killed.ended
  expect(await idsOf(topic)).toEqual(ids)
  const second = start()
  await expect.poll(() => idsOf(topic), { timeout: 20_000 }).toEqual([...ids, ...ids])
  const later = await appendAll(database, [deposited('a')])
  await expect.poll(() => idsOf(topic), { timeout: 20_000 }).toEqual([...ids, ...ids, ...later])
  await second.stop()
})
