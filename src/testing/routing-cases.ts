import assert from 'node:assert/strict'
import type { HeaderList } from '../message/outgoing-record.ts'
import { partitionFor } from '../message/partition.ts'
import type { ContractCase } from './contract-case.ts'
import { assertRejects, createTopic, type PublishingFixture, record, values } from './publishing-fixture.ts'
import { withPublisher } from './with-publisher.ts'

const partitionsNamed = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const records = [2, 0, 1, 2].map((partition, index) => ({ ...record(topic, 'key', `${index}`), partition }))
  await withPublisher(fixture, (publisher) => publisher.publish(records))
  const read = await fixture.readCommitted(topic)
  assert.deepEqual(
    read.map(({ partition, value }) => [partition, String(value)]),
    [
      [0, '1'],
      [1, '2'],
      [2, '0'],
      [2, '3'],
    ],
  )
}

const missingPartition = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  await withPublisher(fixture, async (publisher) => {
    const beyond = publisher.publish([{ ...record(topic, 'key', 'v'), partition: 3 }])
    await assertRejects(beyond, 'PUBLISH_REFUSED')
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)), [])
}

const timestampsGiven = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  // Not too old: brokers delete segments by these.
  const given = Date.now() - 1_234_567
  const before = Date.now()
  const records = [{ ...record(topic, 'key', 'given'), timestamp: given }, record(topic, 'key', 'not given')]
  await withPublisher(fixture, (publisher) => publisher.publish(records))
  const [first, second] = await fixture.readCommitted(topic)
  assert.equal(first?.timestamp, given)
  assert.ok(Number(second?.timestamp) >= before && Number(second?.timestamp) <= Date.now())
}

const headersInOrder = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const headers: HeaderList = [
    ['id', '1'],
    ['again', 'first'],
    ['null', null],
    ['again', Buffer.from([0, 255])],
    ['null', null],
    ['again', 'first'],
    ['empty', ''],
  ]
  await withPublisher(fixture, (publisher) =>
    publisher.publish([record(topic, 'key', 'v', headers), record(topic, 'key', 'v', [])]),
  )
  const [read, bare] = await fixture.readCommitted(topic)
  const bytes = read?.rawHeaders.map(([name, value]) => [name, value ?? Buffer.alloc(0)])
  assert.deepEqual(
    bytes,
    headers.map(([name, value]) => [name, Buffer.from(value ?? '')]),
  )
  assert.deepEqual(bare?.rawHeaders, [])
}

const keysOfBytes = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const keys = [Buffer.from([0, 255, 7, 0]), Buffer.from([0xc3, 0x28]), Buffer.alloc(0)]
  await withPublisher(fixture, (publisher) =>
    publisher.publish(keys.map((key) => record(topic, key, key.toString('hex')))),
  )
  const read = await fixture.readCommitted(topic)
  assert.equal(read.length, keys.length)
  for (const { rawKey, value, partition } of read) {
    assert.equal(rawKey?.toString('hex'), String(value))
    assert.equal(partition, partitionFor(rawKey ?? '', 3))
  }
}

const faultsNamed = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  await withPublisher(fixture, async (publisher) => {
    const lists: HeaderList = [
      ['', 'x'],
      ['fine', null],
      ['lone', '\ud800'],
    ]
    const bad = { ...record(topic, 'k', 'v', lists), partition: -1, timestamp: 0 }
    await assert.rejects(
      publisher.publish([bad]),
      /partition -1.*timestamp 0.*needs a name.*"lone": the value holds/s,
    )
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)), [])
}

/** Records that say more than key and value. */
export const routingCases: readonly ContractCase<PublishingFixture>[] = [
  { name: 'a record lies in the partition it names', run: partitionsNamed },
  { name: 'a record for a partition that its topic does not have is refused', run: missingPartition },
  { name: 'a record has the timestamp it brings, or that of its sending', run: timestampsGiven },
  { name: 'a list of headers arrives in order, repeated names and null included', run: headersInOrder },
  { name: 'a key of bytes arrives byte for byte, where Java would put it', run: keysOfBytes },
  { name: 'what is wrong with partition, timestamp and headers is all named', run: faultsNamed },
]
