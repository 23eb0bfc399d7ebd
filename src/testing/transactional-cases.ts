import assert from 'node:assert/strict'
import type { ContractCase } from './contract-case.ts'
import {
  assertNumbered,
  assertRejects,
  createTopic,
  numbered,
  type PublishingFixture,
  record,
  values,
  withTransactional,
} from './publishing-fixture.ts'
import { until } from './until.ts'

const appearsAtOnce = async (fixture: PublishingFixture): Promise<void> => {
  const [first, second] = [await createTopic(fixture), await createTopic(fixture)]
  await withTransactional(fixture, async (open) => {
    const publisher = await open(fixture.uniqueName('relay'))
    await publisher.publish([record(first, 'k', 'one')])
    await publisher.publish([record(second, 'k', 'two')])
    // Without this the records might be unseen only because they were not sent yet.
    const sent = async (topic: string) => (await fixture.readUncommitted?.(topic))?.length !== 0
    await until(async () => (await sent(first)) && (await sent(second)), 'records to be sent')
    assert.deepEqual(values(await fixture.visibleNow(first)), [])
    assert.deepEqual(values(await fixture.visibleNow(second)), [])
    await publisher.commit('1')
    assert.deepEqual(values(await fixture.readCommitted(first)), ['one'])
    assert.deepEqual(values(await fixture.readCommitted(second)), ['two'])
  })
}

const hidesWhatIsAbandoned = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const name = fixture.uniqueName('relay')
  await withTransactional(fixture, async (open) => {
    const first = await open(name)
    await first.publish([record(topic, 'k', 'committed')])
    await first.commit('1')
    await first.publish([record(topic, 'k', 'abandoned')])
    await first.close()
    const second = await open(name)
    await second.publish([record(topic, 'k', 'next')])
    await second.commit('2')
    assert.deepEqual(values(await fixture.readCommitted(topic)), ['committed', 'next'])
  })
}

const fencesDuringATransaction = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const name = fixture.uniqueName('relay')
  await withTransactional(fixture, async (open) => {
    const first = await open(name)
    await first.publish([record(topic, 'k', 'of the first')])
    const second = await open(name)
    assert.equal(second.checkpoint, undefined)
    await assertRejects(first.commit('1'), 'FENCED')
    await assertRejects(first.publish([record(topic, 'k', 'of a zombie')]), 'FENCED')
    await second.publish([record(topic, 'k', 'of the second')])
    await second.commit('2')
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)), ['of the second'])
}

const fencesBetweenTransactions = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const name = fixture.uniqueName('relay')
  await withTransactional(fixture, async (open) => {
    const first = await open(name)
    await first.publish([record(topic, 'k', 'committed')])
    await first.commit('1')
    const second = await open(name)
    assert.equal(second.checkpoint, '1')
    const zombie = async (): Promise<void> => {
      await first.publish([record(topic, 'k', 'of a zombie')])
      await first.commit('zombie')
    }
    await assertRejects(zombie(), 'FENCED')
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)), ['committed'])
  await withTransactional(fixture, async (open) => assert.equal((await open(name)).checkpoint, '1'))
}

const tellsFencingAmidALargePublish = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const name = fixture.uniqueName('relay')
  await withTransactional(fixture, async (open) => {
    const first = await open(name)
    const second = await open(name)
    // A client may notice while it still takes records, and then drops what it holds for that reason.
    const zombie = async (): Promise<void> => {
      for (let part = 0; part < 50; part++) await first.publish(numbered(topic, 2_000, 10))
      await first.commit('zombie')
    }
    await assertRejects(zombie(), 'FENCED')
    await second.publish([record(topic, 'k', 'of the second')])
    await second.commit('2')
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)), ['of the second'])
}

const readsBackTheLastCheckpoint = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const name = fixture.uniqueName('relay')
  await withTransactional(fixture, async (open) => {
    const first = await open(name)
    assert.equal(first.checkpoint, undefined)
    for (const checkpoint of ['1', '2', '{"größe":"水"}']) {
      await first.publish([record(topic, 'k', checkpoint)])
      await first.commit(checkpoint)
    }
    await first.commit('without a record')
    assert.equal((await open(name)).checkpoint, 'without a record')
  })
}

const forgetsAnAbandonedCheckpoint = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const name = fixture.uniqueName('relay')
  await withTransactional(fixture, async (open) => {
    const first = await open(name)
    await first.publish([record(topic, 'k', 'one')])
    await first.commit('1')
    await first.publish([record(topic, 'k', 'two')])
    const second = await open(name)
    await assertRejects(first.commit('2'), 'FENCED')
    assert.equal(second.checkpoint, '1')
    assert.equal((await open(name)).checkpoint, '1')
  })
}

const keepsNamesApart = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const [one, other] = [fixture.uniqueName('one'), fixture.uniqueName('other')]
  await withTransactional(fixture, async (open) => {
    const first = await open(one)
    const second = await open(other)
    await first.publish([record(topic, 'k', 'of one')])
    await second.publish([record(topic, 'k', 'of other')])
    await first.commit('one')
    await second.commit('other')
    assert.equal((await open(one)).checkpoint, 'one')
    assert.equal((await open(other)).checkpoint, 'other')
    await withTransactional(fixture, async (openMore) => {
      assert.equal((await openMore(fixture.uniqueName('third'))).checkpoint, undefined)
    })
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)).sort(), ['of one', 'of other'])
}

const keepsOrderAcrossTransactions = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const all = numbered(topic, 2_000, 10)
  await withTransactional(fixture, async (open) => {
    const publisher = await open(fixture.uniqueName('relay'))
    for (let start = 0; start < all.length; start += 500) {
      const parts = [0, 100, 200, 300, 400].map((at) => all.slice(start + at, start + at + 100))
      await Promise.all(parts.map((part) => publisher.publish(part)))
      await publisher.commit(String(start))
    }
  })
  assertNumbered(await fixture.readCommitted(topic), 2_000, 10)
}

/** More records than clients queue by default for all their partitions together. */
const large = 110_000

const commitsALargeBatch = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  await withTransactional(fixture, async (open) => {
    const publisher = await open(fixture.uniqueName('relay'))
    await publisher.publish(numbered(topic, large, 100))
    await publisher.commit('large')
  })
  assertNumbered(await fixture.readCommitted(topic), large, 100)
}

const isSpentAfterARejection = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const name = fixture.uniqueName('relay')
  await withTransactional(fixture, async (open) => {
    const first = await open(name)
    await first.publish([record(topic, 'k', 'of a spent one')])
    await assertRejects(first.publish([record('not a topic', 'k', 'v')]), 'INVALID_RECORD')
    await assertRejects(first.commit('1'), 'INVALID_RECORD')
    assert.equal((await open(name)).checkpoint, undefined)
  })
  assert.deepEqual(values(await fixture.readCommitted(topic)), [])
}

const closesTwice = async (fixture: PublishingFixture): Promise<void> => {
  const topic = await createTopic(fixture)
  const publisher = await fixture.publishing.transactionalPublisher({ name: fixture.uniqueName('relay') })
  await publisher.publish([record(topic, 'k', 'v')])
  await Promise.all([publisher.close(), publisher.close()])
  await publisher.close()
  await assertRejects(publisher.publish([record(topic, 'k', 'v')]), 'PUBLISH_UNKNOWN')
  await assertRejects(publisher.commit('1'), 'PUBLISH_UNKNOWN')
}

export const transactionalCases: readonly ContractCase<PublishingFixture>[] = [
  { name: 'records of a transaction appear when it commits', run: appearsAtOnce },
  { name: 'records of an abandoned transaction are never seen', run: hidesWhatIsAbandoned },
  { name: 'a second publisher of a name fences the first in its transaction', run: fencesDuringATransaction },
  { name: 'a second publisher of a name fences the first while it is idle', run: fencesBetweenTransactions },
  { name: 'a fenced publisher says so amid a large publish, too', run: tellsFencingAmidALargePublish },
  { name: 'the last committed checkpoint is read back', run: readsBackTheLastCheckpoint },
  { name: 'a checkpoint that did not commit is not read back', run: forgetsAnAbandonedCheckpoint },
  { name: 'names do not see or fence each other', run: keepsNamesApart },
  { name: 'order of each key is kept across transactions', run: keepsOrderAcrossTransactions },
  { name: 'a transaction larger than the queue of a client commits', run: commitsALargeBatch },
  { name: 'a transactional publisher is spent after a rejection', run: isSpentAfterARejection },
  { name: 'close gives up the transaction, can be called twice, and ends the publisher', run: closesTwice },
]
