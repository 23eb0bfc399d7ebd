import assert from 'node:assert/strict'
import type { DeliveredRecord } from '../transport/subscriber.ts'
import type { ContractCase } from './contract-case.ts'
import { type Ledger, ledger, withReaders } from './partition-reader.ts'
import {
  assertInOrder,
  assertNumbers,
  outgoing,
  type SubscribingFixture,
  texts,
} from './subscribing-fixture.ts'
import { until } from './until.ts'

const recordsOf = ({ deliveries }: Ledger): DeliveredRecord[] => deliveries.map(({ record }) => record)

const sharesWork = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const written = ledger()
  const options = { group: fixture.uniqueName('group'), topics: [topic], ledger: written }
  await withReaders(fixture.subscribing, async (open) => {
    const readers = [open(options), open(options)]
    await until(() => readers.every(({ held }) => held.size > 0), 'each to have a partition')
    await fixture.send(outgoing(topic, 400, 40))
    await until(() => written.deliveries.length >= 400, '400 records')
    await Promise.all(readers.map((reader) => reader.stop()))
    assertNumbers(recordsOf(written), 0, 400)
    assertInOrder(recordsOf(written), 40)
    assert.deepEqual(written.faults, [])
  })
}

const movesPartitions = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const written = ledger()
  const options = { group: fixture.uniqueName('group'), topics: [topic], ledger: written }
  await withReaders(fixture.subscribing, async (open) => {
    const first = open(options)
    await until(() => first.held.size >= 2, 'two partitions')
    const second = open(options)
    await until(() => second.held.size > 0 && first.held.size > 0, 'each to have a partition')
    const seen = new Set([...first.held.keys(), ...second.held.keys()])
    await first.stop()
    await until(() => [...seen].every((name) => second.held.has(name)), 'the other to have all')
    assert.equal(first.held.size, 0)
    await fixture.send(outgoing(topic, 80, 40))
    await until(() => second.records.length >= 80, '80 records')
    assertNumbers(second.records, 0, 80)
    assert.deepEqual(written.faults, [])
  })
}

/** Members join and leave while records arrive. */
const keepsOrderAcrossRebalances = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const written = ledger()
  const options = { group: fixture.uniqueName('group'), topics: [topic], ledger: written }
  let sent = 0
  const send = async (): Promise<void> => {
    await fixture.send(outgoing(topic, 200, 20, sent))
    sent += 200
  }
  await withReaders(fixture.subscribing, async (open) => {
    const first = open(options)
    await send()
    await until(() => first.deliveries.length > 0, 'a record')
    const second = open(options)
    await send()
    await until(() => second.held.size > 0, 'a partition for the second')
    await send()
    const leaving = first.stop()
    await send()
    const third = open(options)
    await leaving
    await until(() => third.held.size > 0, 'a partition for the third')
    await send()
    await second.stop()
    await until(() => new Set(texts(recordsOf(written))).size >= sent, `${sent} records`)
    await third.stop()
    assertNumbers(recordsOf(written), 0, sent)
    assertInOrder(recordsOf(written), 20)
    assert.deepEqual(written.faults, [])
  })
}

/** Nothing comes after `revoked`, and nobody else has the partition before it has resolved. */
const waitsForTheMember = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const written = ledger()
  const group = { group: fixture.uniqueName('group'), topics: [topic], ledger: written }
  let asked = 0
  let letGo: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const lettingGo = async (): Promise<void> => {
    asked += 1
    await gate
  }
  await fixture.send(outgoing(topic, 40, 40))
  await withReaders(fixture.subscribing, async (open) => {
    const first = open({ ...group, lettingGo })
    try {
      await until(() => first.records.length >= 40 && first.held.size >= 2, 'records of two partitions')
      const second = open(group)
      await until(() => asked > 0, 'a partition to be wanted elsewhere')
      await fixture.send(outgoing(topic, 40, 40, 40))
      assert.ok([...second.held.keys()].every((name) => !first.held.has(name)))
      letGo()
      await until(() => second.held.size > 0 && written.deliveries.length >= 80, 'all records')
      assertNumbers(recordsOf(written), 0, 80)
    } finally {
      letGo()
    }
    assert.deepEqual(written.faults, [])
  })
}

const manyMore = 3_000

/** More than a transport should fetch ahead of a member that does not take it. */
const stopsNobodyElse = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 40, 40))
  await withReaders(fixture.subscribing, async (open) => {
    const reader = open({ group: fixture.uniqueName('group'), topics: [topic] })
    await until(() => reader.records.length >= 40, '40 records')
    const slow = reader.deliveries[0] ?? assert.fail('no record')
    const name = slow.assignment
    const keyOf = ({ key }: DeliveredRecord): string => String(key)
    const through = reader.deliveries.filter(({ assignment }) => assignment === name)
    const others = new Set(reader.records.map(keyOf))
    for (const { record } of through) others.delete(keyOf(record))
    reader.holdBack(name)
    const key = keyOf(slow.record)
    await fixture.send(outgoing(topic, manyMore, 1, 100).map((record) => ({ ...record, key })))
    await fixture.send(outgoing(topic, 40, 40, 40))
    const second = (): number => reader.records.slice(40).filter((record) => others.has(keyOf(record))).length
    await until(() => second() >= others.size, 'the records of the other partitions')
    reader.goOn(name)
    await until(() => reader.records.length >= 80 + manyMore, 'the records held back')
    const own = texts(reader.records.filter((record) => keyOf(record) === key))
    const sent = outgoing(topic, manyMore, 1, 100).map(({ value }) => String(value))
    assert.deepEqual(own, [own[0], ...sent, own.at(-1)])
  })
}

export const partitionCases: readonly ContractCase<SubscribingFixture>[] = [
  { name: 'instances of a group share the records', run: sharesWork },
  { name: 'partitions move when an instance joins and when it leaves', run: movesPartitions },
  {
    name: 'nothing is lost, repeated or reordered while instances come and go',
    run: keepsOrderAcrossRebalances,
  },
  { name: 'a partition moves when its member has let go, and nothing more comes', run: waitsForTheMember },
  { name: 'a partition that is not taken from does not stop the others', run: stopsNobodyElse },
]
