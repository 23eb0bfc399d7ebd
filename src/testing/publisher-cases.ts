import assert from 'node:assert/strict'
import { partitionFor } from '../message/partition.ts'
import type { ContractCase } from './contract-case.ts'
import {
  assertNumbered,
  assertRejects,
  createTopic,
  numbered,
  type PublishingFixture,
  record,
  values,
} from './publishing-fixture.ts'
import { withPublisher } from './with-publisher.ts'

const acknowledgesWhatIsWritten = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  await withPublisher(fixture, async (publisher) => {
    await publisher.publish(numbered(topic, 100, 10))
    assertNumbered(await fixture.readCommitted(topic), 100, 10)
  })
}

const keepsOrderOfOverlappingPublishes = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const all = numbered(topic, 3_000, 20)
  await withPublisher(fixture, async (publisher) => {
    const parts = Array.from({ length: 15 }, (_, index) => all.slice(index * 200, (index + 1) * 200))
    await Promise.all(parts.map((part) => publisher.publish(part)))
  })
  assertNumbered(await fixture.readCommitted(topic), 3_000, 20)
}

const partitionsAsJavaDoes = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const keys = Array.from({ length: 60 }, (_, index) => `ключ-${index}-${'x'.repeat(index % 5)}`)
  await withPublisher(fixture, (publisher) => publisher.publish(keys.map((key) => record(topic, key, 'v'))))
  for (const { key, partition } of await fixture.readCommitted(topic)) {
    assert.equal(partition, partitionFor(key ?? '', 3), `partition of ${key}`)
  }
}

const carriesHeaders = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const headers = {
    plain: 'text',
    unicode: 'größe 水 🚰',
    empty: '',
    'with-nul': 'before\0after',
    binary: Buffer.from([0, 255, 7, 0]),
    'empty-binary': Buffer.alloc(0),
    0: 'a number as name',
    __proto__x: 'x',
  }
  await withPublisher(fixture, (publisher) => publisher.publish([record(topic, 'k', 'v', headers)]))
  const [read] = await fixture.readCommitted(topic)
  const expected = Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)])
  const byName = (a: readonly unknown[], b: readonly unknown[]): number =>
    String(a[0]) < String(b[0]) ? -1 : 1
  assert.deepEqual([...(read?.rawHeaders ?? [])].sort(byName), expected.sort(byName))
}

const carriesKeysAndValues = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const pairs: readonly (readonly [string | null, string | Buffer | null])[] = [
    [null, 'no key'],
    ['', ''],
    ['no value', null],
    ['nul\0inside', 'nul\0inside'],
    ['größe 水 🚰', '{"größe":"水 🚰"}'],
    ['bytes', Buffer.from([0, 255, 7, 0])],
    ['no bytes', Buffer.alloc(0)],
  ]
  await withPublisher(fixture, (publisher) =>
    publisher.publish(pairs.map(([key, value]) => record(topic, key, value))),
  )
  const read = await fixture.readCommitted(topic)
  assert.equal(read.length, pairs.length)
  for (const [key, value] of pairs) {
    const found = read.find((candidate) => candidate.key === key)
    assert.notEqual(found, undefined, `key ${JSON.stringify(key)}`)
    assert.deepEqual(
      found?.value,
      value === null ? null : Buffer.from(value),
      `value of ${JSON.stringify(key)}`,
    )
  }
}

const leavesRecordsAsTheyAre = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const frozen = Object.freeze(record(topic, 'k', 'v', Object.freeze({ id: '1', binary: Buffer.from([1]) })))
  const before = structuredClone(frozen)
  await withPublisher(fixture, async (publisher) => {
    await publisher.publish(Object.freeze([frozen, frozen]))
    await publisher.publish([frozen])
  })
  assert.deepEqual(structuredClone(frozen), before)
  const read = await fixture.readCommitted(topic)
  assert.equal(read.length, 3)
  for (const { headers } of read) assert.deepEqual(headers, { id: '1', binary: '\u0001' })
}

const writesNothingOfABadBatch = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  await withPublisher(fixture, async (publisher) => {
    await publisher.publish([record(topic, 'k', 'before')])
    const bad = { ...record(topic, 'k', 'bad'), headers: { 'lone-surrogate': '\ud800', '': 'x' } }
    const rejected = publisher.publish([record(topic, 'k', 'good'), bad, record('not a topic', 'k', 'v')])
    await assert.rejects(rejected, /lone-surrogate.*needs a name.*not a topic/s)
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)), ['before'])
}

const isSpentAfterARejection = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  await withPublisher(fixture, async (publisher) => {
    const bad = publisher.publish([record('not a topic', 'k', 'v')])
    const behind = publisher.publish([record(topic, 'k', 'behind')])
    await assertRejects(bad, 'INVALID_RECORD')
    await assertRejects(behind, 'INVALID_RECORD')
    await assertRejects(publisher.publish([record(topic, 'k', 'later')]), 'INVALID_RECORD')
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)), [])
}

const closesTwice = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const publisher = await fixture.publishing.publisher({ name: fixture.uniqueName('publisher') })
  await publisher.publish([])
  await Promise.all([publisher.close(), publisher.close()])
  await publisher.close()
  await assertRejects(publisher.publish([record(topic, 'k', 'v')]), 'PUBLISH_UNKNOWN')
}

const leavesExistingTopicsAlone = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  await withPublisher(fixture, (publisher) => publisher.publish(numbered(topic, 30, 10)))
  await fixture.publishing.createTopics([{ name: topic, partitions: 7 }])
  await withPublisher(fixture, async (publisher) => {
    await publisher.publish(Array.from({ length: 100 }, (_, index) => record(topic, `more-${index}`, 'v')))
  })
  const read = await fixture.readCommitted(topic)
  assert.equal(read.length, 130)
  assert.ok(read.every(({ partition }) => partition < 3))
}

export const publisherCases: readonly ContractCase<PublishingFixture>[] = [
  { name: 'publish resolves once every record can be read', run: acknowledgesWhatIsWritten },
  { name: 'overlapping publishes keep the order of each key', run: keepsOrderOfOverlappingPublishes },
  { name: 'a key lies in the partition that the Java client gives it', run: partitionsAsJavaDoes },
  { name: 'headers arrive byte for byte', run: carriesHeaders },
  { name: 'keys and values arrive byte for byte, null apart from empty', run: carriesKeysAndValues },
  { name: 'records are left as they were given, and can be given again', run: leavesRecordsAsTheyAre },
  { name: 'a record that cannot be sent keeps its whole batch back', run: writesNothingOfABadBatch },
  { name: 'a publisher is spent after a rejection', run: isSpentAfterARejection },
  { name: 'close can be called twice, and publish after it rejects', run: closesTwice },
  { name: 'createTopics leaves an existing topic alone', run: leavesExistingTopicsAlone },
]
