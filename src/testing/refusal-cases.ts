import assert from 'node:assert/strict'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { refusedBy } from '../transport/refused.ts'
import type { ContractCase } from './contract-case.ts'
import {
  createTopic,
  type PublishingFixture,
  record,
  values,
  withTransactional,
} from './publishing-fixture.ts'
import { withPublisher } from './with-publisher.ts'

const withId = (topic: string, key: string, value: string): OutgoingRecord =>
  record(topic, key, value, { id: `id-${key}-${value}` })

/** Refused by every transport: the topic has three partitions. */
const beyond = (topic: string, key: string, value: string): OutgoingRecord => ({
  ...withId(topic, key, value),
  partition: 9,
})

const assertNamed = async (promise: Promise<unknown>, key: string, id: string): Promise<void> => {
  await assert.rejects(promise, (error: Error) => {
    const refused = refusedBy(error)
    assert.ok(refused !== undefined, `${String(error)} names no record`)
    assert.equal(refused.scope, 'record')
    const named = refused.records.find((one) => one.id === id)
    assert.equal(String(named?.key), key)
    assert.ok(error.message.includes(id), error.message)
    return true
  })
}

const namesARefusedRecord = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  await withPublisher(fixture, async (publisher) => {
    const refused = publisher.publish([withId(topic, 'a', '1'), beyond(topic, 'b', '2')])
    await assertNamed(refused, 'b', 'id-b-2')
  })
}

const namesAnInvalidRecord = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const invalid = { ...withId(topic, 'b', '2'), partition: -1 }
  await withPublisher(fixture, async (publisher) => {
    await assert.rejects(publisher.publish([withId(topic, 'a', '1'), invalid]), (error: Error) => {
      const { scope, exact, records } = refusedBy(error) ?? {}
      assert.deepEqual({ scope, exact }, { scope: 'record', exact: true })
      assert.deepEqual(
        records?.map(({ id }) => id),
        ['id-b-2'],
      )
      return true
    })
  })
}

const namesItInATransaction = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const name = fixture.uniqueName('relay')
  await withTransactional(fixture, async (open) => {
    const publisher = await open(name)
    await publisher.publish([withId(topic, 'a', '1')])
    await publisher.commit('1')
    const refused = async (): Promise<void> => {
      await publisher.publish([withId(topic, 'a', '2'), beyond(topic, 'b', '3'), withId(topic, 'a', '4')])
      await publisher.commit('2')
    }
    await assertNamed(refused(), 'b', 'id-b-3')
    assert.equal((await open(name)).checkpoint, '1')
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)), ['1'])
}

const isExactApart = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const publisher = await fixture.publishing.transactionalPublisher({
    name: fixture.uniqueName('relay'),
    apart: true,
  })
  try {
    const refused = async (): Promise<void> => {
      await publisher.publish([withId(topic, 'a', '1'), beyond(topic, 'b', '2'), withId(topic, 'a', '3')])
      await publisher.commit('1')
    }
    await assert.rejects(refused(), (error: Error) => {
      const { exact, records } = refusedBy(error) ?? {}
      assert.equal(exact, true)
      assert.deepEqual(
        records?.map(({ id }) => id),
        ['id-b-2'],
      )
      return true
    })
  } finally {
    await publisher.close()
  }
}

/** Records that a transport does not take, for good. */
export const refusalCases: readonly ContractCase<PublishingFixture>[] = [
  { name: 'a refused record is named by key and event id', run: namesARefusedRecord },
  { name: 'of invalid records all are named, and no other', run: namesAnInvalidRecord },
  { name: 'a refusal in a transaction names the record, and nothing is seen', run: namesItInATransaction },
  { name: 'a publisher that sends records apart names exactly the refused one', run: isExactApart },
]
