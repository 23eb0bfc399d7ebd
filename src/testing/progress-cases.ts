import assert from 'node:assert/strict'
import type { Assignment, DeliveredRecord } from '../transport/subscriber.ts'
import type { ContractCase } from './contract-case.ts'
import { type Delivery, ledger, type PartitionReader, withReaders } from './partition-reader.ts'
import {
  assertInOrder,
  assertNumbers,
  outgoing,
  type SubscribingFixture,
  text,
  texts,
} from './subscribing-fixture.ts'
import { until } from './until.ts'

const nothing = (): void => undefined

const byPartition = (deliveries: readonly Delivery[]): ReadonlyMap<string, readonly DeliveredRecord[]> => {
  const found = new Map<string, DeliveredRecord[]>()
  for (const { assignment, record } of deliveries) {
    const records = found.get(assignment) ?? []
    records.push(record)
    found.set(assignment, records)
  }
  return found
}

const keepsProgress = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const group = fixture.uniqueName('group')
  await fixture.send(outgoing(topic, 50, 5))
  await withReaders(fixture.subscribing, async (open) => {
    const first = open({ group, topics: [topic] })
    await until(() => first.records.length >= 50, '50 records')
    await first.stop()
    await fixture.send(outgoing(topic, 50, 5, 50))
    const second = open({ group, topics: [topic], from: 'now' })
    await until(() => second.records.length >= 50, '50 more records')
    await second.stop()
    assertNumbers(second.records, 50, 100)
    assertInOrder([...first.records, ...second.records], 5)
  })
}

/** Settles the first half of each partition of a reader that has read everything, and then less. */
const settleHalf = (reader: PartitionReader): ReadonlyMap<string, bigint> => {
  const settled = new Map<string, bigint>()
  for (const [name, records] of byPartition(reader.deliveries)) {
    const half = records[Math.floor(records.length / 2)]
    const first = records[0]
    if (half === undefined || first === undefined) continue
    const assignment = reader.held.get(name)
    assignment?.settle(BigInt(half.offset))
    assignment?.settle(BigInt(first.offset))
    settled.set(name, BigInt(half.offset))
  }
  return settled
}

const unsettled = (
  deliveries: readonly Delivery[],
  settled: ReadonlyMap<string, bigint>,
): readonly string[] =>
  deliveries
    .filter(({ assignment, record }) => BigInt(record.offset) >= (settled.get(assignment) ?? 0n))
    .map(({ record }) => text(record))
    .sort()

const resumesWhereSettled = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const group = { group: fixture.uniqueName('group'), topics: [topic] }
  await fixture.send(outgoing(topic, 200, 40))
  await withReaders(fixture.subscribing, async (open) => {
    const first = open({ ...group, read: nothing })
    await until(() => first.records.length >= 200, '200 records')
    const settled = settleHalf(first)
    await first.stop()
    const committed = new Map<string, bigint | undefined>()
    const begin = (assignment: Assignment): undefined => {
      committed.set(assignment.name, assignment.committed)
    }
    const wanted = unsettled(first.deliveries, settled)
    const second = open({ ...group, read: nothing, begin })
    await until(() => second.records.length >= wanted.length, `${wanted.length} records`)
    await second.stop()
    assert.deepEqual([...texts(second.records)].sort(), wanted)
    for (const [name, at] of settled) assert.ok((committed.get(name) ?? -1n) >= at, `progress of ${name}`)
    const third = open({ ...group, read: nothing })
    await until(() => third.records.length >= wanted.length, 'what nobody settled, once more')
    await third.stop()
    assert.deepEqual([...texts(third.records)].sort(), wanted)
  })
}

/** The next owner is already there when the first one leaves. */
const handsOverWhereSettled = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const written = ledger()
  const group = { group: fixture.uniqueName('group'), topics: [topic], ledger: written, read: nothing }
  await fixture.send(outgoing(topic, 200, 40))
  await withReaders(fixture.subscribing, async (open) => {
    const first = open(group)
    await until(() => first.records.length >= 200, '200 records')
    const settled = settleHalf(first)
    const names = new Set(first.deliveries.map(({ assignment }) => assignment))
    const second = open(group)
    await until(() => second.held.size > 0, 'a partition for the second')
    await first.stop()
    await until(() => [...names].every((name) => second.held.has(name)), 'the second to have all')
    const wanted = unsettled(first.deliveries, settled)
    await until(() => new Set(texts(second.records)).size >= wanted.length, `${wanted.length} records`)
    assert.deepEqual([...texts(second.records)].sort(), wanted)
    assert.deepEqual(written.faults, [])
  })
}

const beginsWhereTold = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const group = { group: fixture.uniqueName('group'), topics: [topic] }
  await fixture.send(outgoing(topic, 200, 40))
  await withReaders(fixture.subscribing, async (open) => {
    const first = open(group)
    await until(() => first.records.length >= 200, '200 records')
    await first.stop()
    const places = new Map(
      [...byPartition(first.deliveries)].map(([name, records]) => [name, BigInt(records[1]?.offset ?? 0)]),
    )
    const wanted = unsettled(first.deliveries, places)
    const second = open({ ...group, begin: ({ name }) => places.get(name) })
    await until(() => second.records.length >= wanted.length, `${wanted.length} records`)
    await second.stop()
    assert.deepEqual([...texts(second.records)].sort(), wanted)
    // What was settled before stays settled, although it was read once more.
    await fixture.send(outgoing(topic, 40, 40, 200))
    const third = open(group)
    await until(() => third.records.length >= 40, '40 records')
    await third.stop()
    assertNumbers(third.records, 200, 240)
  })
}

const tellsTheEnd = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  await fixture.send(outgoing(topic, 200, 40))
  await withReaders(fixture.subscribing, async (open) => {
    const reader = open({ group: fixture.uniqueName('group'), topics: [topic] })
    await until(() => reader.records.length >= 200, '200 records')
    for (const [name, records] of byPartition(reader.deliveries)) {
      const last = BigInt(records.at(-1)?.offset ?? 0)
      const isPast = (): boolean => (reader.held.get(name)?.end ?? 0n) > last
      await until(isPast, `the end of ${name}`)
    }
  })
}

export const progressCases: readonly ContractCase<SubscribingFixture>[] = [
  { name: 'a group goes on where it left off, whatever from says', run: keepsProgress },
  { name: 'what was settled never comes again, and what was not does', run: resumesWhereSettled },
  { name: 'the next owner begins where the one before had settled', run: handsOverWhereSettled },
  { name: 'a member may begin elsewhere, and moves no progress back', run: beginsWhereTold },
  { name: 'knows how far a partition goes', run: tellsTheEnd },
]
