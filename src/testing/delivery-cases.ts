import assert from 'node:assert/strict'
import { lastHeader } from '../message/header-list.ts'
import { delivering } from '../transport/deliver.ts'
import type { DeliveredRecord } from '../transport/subscriber.ts'
import type { ContractCase } from './contract-case.ts'
import { withReaders } from './partition-reader.ts'
import {
  assertInOrder,
  assertNumbers,
  outgoing,
  type SubscribingFixture,
  texts,
} from './subscribing-fixture.ts'
import { until } from './until.ts'

const deliversInOrder = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 300, 10))
  await withReaders(fixture.subscribing, async (open) => {
    const reader = open({ group: fixture.uniqueName('group'), topics: [topic] })
    await fixture.send(outgoing(topic, 300, 10, 300))
    await until(() => reader.records.length >= 600, '600 records')
    await reader.stop()
    assertNumbers(reader.records, 0, 600)
    assertInOrder(reader.records, 10)
    const first = reader.records.find(({ value }) => String(value) === '0')
    const number = lastHeader(first?.headers ?? [], 'n')
    assert.deepEqual([first?.topic, String(first?.key), String(number)], [topic, 'key-0', '0'])
  })
}

/** Sends until something arrives: when a group has begun is for the transport to know. */
const beginsNow = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 50, 5))
  await withReaders(fixture.subscribing, async (open) => {
    const reader = open({ group: fixture.uniqueName('group'), topics: [topic], from: 'now' })
    await until(() => reader.held.size > 0, 'a partition')
    let sent = 50
    const arrives = async (): Promise<boolean> => {
      await fixture.send(outgoing(topic, 5, 5, sent))
      sent += 5
      return new Set(reader.records.map(({ key }) => String(key))).size === 5
    }
    await until(arrives, 'records of five keys')
    await reader.stop()
    assert.deepEqual(
      texts(reader.records).filter((value) => Number(value) < 50),
      [],
    )
  })
}

const deliversAgain = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 60, 3))
  const records: DeliveredRecord[] = []
  let rejections = 0
  const member = delivering(async (delivered) => {
    if (rejections < 5) {
      rejections += 1
      throw new Error('not now')
    }
    records.push(...delivered)
  })
  const { stop } = fixture.subscribing.subscribe(
    { group: fixture.uniqueName('group'), topics: [topic] },
    member,
  )
  try {
    await until(() => records.length >= 60, '60 records')
  } finally {
    await stop()
  }
  assert.equal(rejections, 5)
  assertNumbers(records, 0, 60)
  assertInOrder(records, 3)
}

const keepsGroupsApart = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 40, 4))
  await withReaders(fixture.subscribing, async (open) => {
    const readers = ['a', 'b'].map((name) => open({ group: fixture.uniqueName(name), topics: [topic] }))
    await until(() => readers.every(({ records }) => records.length >= 40), '40 records in each group')
    await Promise.all(readers.map((reader) => reader.stop()))
    for (const { records } of readers) assertNumbers(records, 0, 40)
  })
}

const stopWaits = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  let entered = 0
  let left = 0
  const member = delivering(async () => {
    entered += 1
    await gate
    left += 1
  })
  const { stop, ended } = fixture.subscribing.subscribe(
    { group: fixture.uniqueName('group'), topics: [topic] },
    member,
  )
  await fixture.send(outgoing(topic, 1, 1))
  await until(() => entered === 1, 'the delivery to begin')
  let stopped = false
  const stopping = Promise.all([stop(), stop()]).then(() => {
    stopped = true
  })
  await fixture.send(outgoing(topic, 10, 1, 1))
  assert.equal(stopped, false)
  release()
  await stopping
  await ended
  assert.deepEqual([entered, left], [1, 1])
  await stop()
}

const readsOnlyItsTopics = async (fixture: SubscribingFixture): Promise<void> => {
  const [wanted, other] = [await fixture.createTopic(), await fixture.createTopic()]
  await fixture.send([...outgoing(other, 20, 2), ...outgoing(wanted, 20, 2)])
  await withReaders(fixture.subscribing, async (open) => {
    const reader = open({ group: fixture.uniqueName('group'), topics: [wanted] })
    await until(() => reader.records.length >= 20, '20 records')
    await reader.stop()
    assert.ok(reader.records.every(({ topic }) => topic === wanted))
  })
}

const readsSeveralTopics = async (fixture: SubscribingFixture): Promise<void> => {
  const topics = [await fixture.createTopic(), await fixture.createTopic()]
  await fixture.send(topics.flatMap((topic, index) => outgoing(topic, 20, 2, index * 20)))
  await withReaders(fixture.subscribing, async (open) => {
    const reader = open({ group: fixture.uniqueName('group'), topics })
    await until(() => reader.records.length >= 40, '40 records')
    await reader.stop()
    assertNumbers(reader.records, 0, 40)
  })
}

const endsWithTheMember = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 40, 40))
  const group = fixture.uniqueName('group')
  const refused = new Error('no room')
  const member = { assigned: () => Promise.reject(refused), revoked: async () => {} }
  const refusing = fixture.subscribing.subscribe({ group, topics: [topic] }, member)
  await assert.rejects(refusing.ended, (error) => error === refused)
  await refusing.stop()
  await withReaders(fixture.subscribing, async (open) => {
    const reader = open({ group, topics: [topic] })
    await until(() => reader.records.length >= 40, '40 records')
  })
}

export const deliveryCases: readonly ContractCase<SubscribingFixture>[] = [
  { name: 'delivers every record, in order of each key', run: deliversInOrder },
  { name: 'a group that begins now does not get what was there before', run: beginsNow },
  { name: 'rejected records are delivered again, and nothing of their key overtakes', run: deliversAgain },
  { name: 'each group gets every record', run: keepsGroupsApart },
  { name: 'stop waits for the records in hand and takes no more', run: stopWaits },
  { name: 'delivers nothing of other topics', run: readsOnlyItsTopics },
  { name: 'delivers all topics that were asked for', run: readsSeveralTopics },
  {
    name: 'a member that refuses a partition ends its subscription and nobody elses',
    run: endsWithTheMember,
  },
]
