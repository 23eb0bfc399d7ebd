import assert from 'node:assert/strict'
import { headerList } from '../message/header-list.ts'
import type { HeaderList, OutgoingRecord } from '../message/outgoing-record.ts'
import type { DeliveredRecord } from '../transport/subscriber.ts'
import type { ContractCase } from './contract-case.ts'
import { withReaders } from './partition-reader.ts'
import type { SubscribingFixture } from './subscribing-fixture.ts'
import { until } from './until.ts'

const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x80])

const records = (topic: string): readonly OutgoingRecord[] => {
  const plain = { topic, key: 'a', value: 'a', headers: {} }
  return [
    { ...plain, headers: { name: 'plain' } },
    { ...plain, key: bytes, headers: { name: 'binary key' } },
    { ...plain, key: null, headers: { name: 'no key' } },
    { ...plain, key: '', headers: { name: 'empty key' } },
    { ...plain, value: null, headers: { name: 'no value' } },
    { ...plain, value: '', headers: { name: 'empty value' } },
    { ...plain, value: bytes, headers: { name: 'binary value' } },
    {
      ...plain,
      headers: [
        ['name', 'bytes in a header'],
        ['bytes', bytes],
        ['empty', ''],
      ],
    },
    {
      ...plain,
      headers: [
        ['name', 'a header twice'],
        ['twice', '1'],
        ['other', 'ä'],
        ['twice', '2'],
      ],
    },
  ]
}

const hex = (value: string | Buffer | null): string | null =>
  value === null ? null : Buffer.from(value).toString('hex')

const plainly = ({ topic, key, value, headers }: OutgoingRecord | DeliveredRecord) => ({
  topic,
  key: hex(key),
  value: hex(value),
  headers: headerList(headers).map(([name, header]) => [name, hex(header)]),
})

const nameOf = (headers: HeaderList): string => String(headers.find(([name]) => name === 'name')?.[1])

const isIntact = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const sent = records(topic)
  await fixture.send(sent)
  await withReaders(fixture.subscribing, async (open) => {
    const reader = open({ group: fixture.uniqueName('group'), topics: [topic] })
    await until(() => reader.records.length >= sent.length, `${sent.length} records`)
    for (const record of sent) {
      const name = nameOf(headerList(record.headers))
      const found = reader.records.find(({ headers }) => nameOf(headers) === name)
      assert.deepEqual(found && plainly(found), plainly(record), name)
    }
    assert.equal(reader.records.length, sent.length)
  })
}

const tellsItsPlace = async (fixture: SubscribingFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const before = Date.now() - 3_600_000
  await fixture.send(records(topic))
  await withReaders(fixture.subscribing, async (open) => {
    const reader = open({ group: fixture.uniqueName('group'), topics: [topic] })
    await until(() => reader.records.length >= records(topic).length, 'the records')
    const last = new Map<string, bigint>()
    for (const { assignment, record } of reader.deliveries) {
      const { offset, timestamp } = record
      assert.match(offset, /^\d+$/)
      assert.ok(BigInt(offset) > (last.get(assignment) ?? -1n), `offsets of ${assignment} grow`)
      last.set(assignment, BigInt(offset))
      assert.ok(timestamp === undefined || timestamp > before, `written at ${timestamp}`)
    }
  })
}

export const recordCases: readonly ContractCase<SubscribingFixture>[] = [
  { name: 'keys, values and headers arrive byte for byte', run: isIntact },
  { name: 'offsets grow within a partition', run: tellsItsPlace },
]
