import assert from 'node:assert/strict'
import { lastHeader } from '../message/header-list.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { delivering } from '../transport/deliver.ts'
import type { DeliveredRecord, SubscribeOptions, Subscribing } from '../transport/subscriber.ts'
import type { ContractCase } from './contract-case.ts'
import { until } from './until.ts'

/** What an implementation brings to `subscribingContract`. */
export interface SubscribingFixture {
  readonly subscribing: Subscribing
  /** A name that no other case and no earlier run has used. */
  uniqueName(prefix: string): string
  /** Makes a topic that can be written, and gives its name. */
  createTopic(): Promise<string>
  /** Makes records deliverable, in this order. */
  send(records: readonly OutgoingRecord[]): Promise<void>
}

const texts = (records: readonly DeliveredRecord[]): string[] => records.map(({ value }) => String(value))

const outgoing = (topic: string, count: number, keys: number, from = 0): OutgoingRecord[] =>
  Array.from({ length: count }, (_, index) => {
    const key = `key-${(from + index) % keys}`
    return { topic, key, value: String(from + index), headers: { n: String(index) } }
  })

/** Numbers of each key must rise by the number of keys. */
const assertInOrder = (records: readonly DeliveredRecord[], keys: number): void => {
  const last = new Map<string, number>()
  for (const { key: bytes, value } of records) {
    const number = Number(value)
    const key = String(bytes)
    const before = last.get(key)
    if (before !== undefined) assert.equal(number, before + keys, `order of ${key}`)
    last.set(key, number)
  }
}

interface Collecting {
  readonly records: DeliveredRecord[]
  stop(): Promise<void>
}

const collect = (
  { subscribing }: SubscribingFixture,
  options: SubscribeOptions,
  deliver: (records: readonly DeliveredRecord[]) => Promise<void> = async () => {},
): Collecting => {
  const records: DeliveredRecord[] = []
  const member = delivering(async (delivered) => {
    await deliver(delivered)
    records.push(...delivered)
  })
  const { stop } = subscribing.subscribe(options, member)
  return { records, stop }
}

const deliversInOrder = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 300, 10))
  const reader = collect(fixture, { group: fixture.uniqueName('group'), topics: [topic] })
  await fixture.send(outgoing(topic, 300, 10, 300))
  await until(() => reader.records.length >= 600, '600 records')
  await reader.stop()
  assert.equal(reader.records.length, 600)
  assertInOrder(reader.records, 10)
  const first = reader.records.find(({ value }) => String(value) === '0')
  const number = lastHeader(first?.headers ?? [], 'n')
  assert.deepEqual([first?.topic, String(first?.key), String(number)], [topic, 'key-0', '0'])
}

const beginsNow = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 50, 5))
  const options = { group: fixture.uniqueName('group'), topics: [topic], from: 'now' } as const
  const reader = collect(fixture, options)
  await fixture.send(outgoing(topic, 50, 5, 50))
  await until(() => reader.records.length >= 50, '50 records')
  await reader.stop()
  assert.deepEqual(
    texts(reader.records)
      .map(Number)
      .sort((a, b) => a - b)[0],
    50,
  )
}

const deliversAgain = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 60, 3))
  let rejections = 0
  const rejected: string[][] = []
  const reader = collect(
    fixture,
    { group: fixture.uniqueName('group'), topics: [topic] },
    async (records) => {
      if (rejections >= 5) return
      rejections += 1
      rejected.push(texts(records))
      throw new Error('not now')
    },
  )
  await until(() => reader.records.length >= 60, '60 records')
  await reader.stop()
  assert.equal(reader.records.length, 60)
  assert.equal(rejected.length, 5)
  assertInOrder(reader.records, 3)
}

const sharesWork = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const group = fixture.uniqueName('group')
  const readers = [collect(fixture, { group, topics: [topic] }), collect(fixture, { group, topics: [topic] })]
  await fixture.send(outgoing(topic, 400, 40))
  const all = (): DeliveredRecord[] => readers.flatMap(({ records }) => records)
  await until(() => all().length >= 400, '400 records')
  await Promise.all(readers.map((reader) => reader.stop()))
  assert.equal(new Set(texts(all())).size, 400)
  assert.equal(all().length, 400)
}

const keepsGroupsApart = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 40, 4))
  const readers = ['a', 'b'].map((name) =>
    collect(fixture, { group: fixture.uniqueName(name), topics: [topic] }),
  )
  await until(() => readers.every(({ records }) => records.length >= 40), '40 records in each group')
  await Promise.all(readers.map((reader) => reader.stop()))
  for (const { records } of readers) assert.equal(records.length, 40)
}

const keepsProgress = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const group = fixture.uniqueName('group')
  await fixture.send(outgoing(topic, 50, 5))
  const first = collect(fixture, { group, topics: [topic] })
  await until(() => first.records.length >= 50, '50 records')
  await first.stop()
  await fixture.send(outgoing(topic, 50, 5, 50))
  const second = collect(fixture, { group, topics: [topic], from: 'now' })
  await until(() => second.records.length >= 50, '50 more records')
  await second.stop()
  assertInOrder([...first.records, ...second.records], 5)
  assert.equal(second.records.length, 50)
}

const stopWaits = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  let entered = 0
  let left = 0
  const { stop, ended } = fixture.subscribing.subscribe(
    { group: fixture.uniqueName('group'), topics: [topic] },
    delivering(async () => {
      entered += 1
      await gate
      left += 1
    }),
  )
  await fixture.send(outgoing(topic, 1, 1))
  await until(() => entered === 1, 'the delivery to begin')
  let stopped = false
  const stopping = Promise.all([stop(), stop()]).then(() => {
    stopped = true
  })
  // The records sent now would be delivered before this line of another reader, were the stopped one still taking.
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
  const reader = collect(fixture, { group: fixture.uniqueName('group'), topics: [wanted] })
  await until(() => reader.records.length >= 20, '20 records')
  await reader.stop()
  assert.ok(reader.records.every(({ topic }) => topic === wanted))
}

/** What every transport that delivers promises; used as `publishingContract` is. */
export const subscribingContract: readonly ContractCase<SubscribingFixture>[] = [
  { name: 'delivers every record, in order of each key', run: deliversInOrder },
  { name: 'a group that begins now does not get what was there before', run: beginsNow },
  { name: 'rejected records are delivered again, and nothing of their key overtakes', run: deliversAgain },
  { name: 'instances of a group share the records', run: sharesWork },
  { name: 'each group gets every record', run: keepsGroupsApart },
  { name: 'a group goes on where it left off, whatever from says', run: keepsProgress },
  { name: 'stop waits for the records in hand and takes no more', run: stopWaits },
  { name: 'delivers nothing of other topics', run: readsOnlyItsTopics },
]
