import { kafka } from 'onewrite/kafka'
import { afterAll, describe, expect, it } from 'vitest'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { openForeignTransaction } from '../support/native-kafka.ts'

const checkpointTopic = uniqueTopic('checkpoints')
const transport = kafka({ brokers: brokers().split(','), checkpointTopic })
const { publishing } = transport
afterAll(() => transport.close())

const commitAll = async (name: string, checkpoints: readonly string[]): Promise<void> => {
  const publisher = await publishing.transactionalPublisher({ name })
  for (const checkpoint of checkpoints) await publisher.commit(checkpoint)
  await publisher.close()
}

const reopened = async (name: string): Promise<string | undefined> => {
  const publisher = await publishing.transactionalPublisher({ name })
  await publisher.close()
  return publisher.checkpoint
}

describe('the checkpoint that a new publisher reads back', () => {
  it('is not an older one when a transaction of another name held back the end of the topic', async () => {
    const name = uniqueTopic('relay')
    const first = await publishing.transactionalPublisher({ name })
    await first.commit('1')
    const foreign = await openForeignTransaction(`${checkpointTopic}.${name}`, ['another'])
    await first.commit('2')
    await first.close()
    const checkpoint = reopened(name)
    await foreign.commit()
    expect(await checkpoint).toBe('2')
    await foreign.close()
  })

  it('is not one of a transaction that was aborted', async () => {
    const name = uniqueTopic('relay')
    await commitAll(name, ['1'])
    const aborted = await openForeignTransaction(`${checkpointTopic}.${name}`, [name])
    await aborted.abort()
    expect(await reopened(name)).toBe('1')
    await aborted.close()
  })

  it('is found however many records of other names came after it', async () => {
    const name = uniqueTopic('relay')
    await commitAll(name, ['1', '2'])
    const others = Array.from({ length: 2_500 }, (_, index) => `other-${index}`)
    const foreign = await openForeignTransaction(`${checkpointTopic}.${name}`, others)
    await foreign.commit()
    await foreign.close()
    expect(await reopened(name)).toBe('2')
    expect(await reopened(uniqueTopic('new'))).toBeUndefined()
  })

  it('does not wait for a transaction that another relay left open', async () => {
    const [killed, other] = [uniqueTopic('killed'), uniqueTopic('other')]
    await commitAll(killed, ['1'])
    await commitAll(other, ['2'])
    const left = await openForeignTransaction(`${checkpointTopic}.${killed}`, [killed])
    expect(await reopened(other)).toBe('2')
    await left.abort()
    await left.close()
  })

  it('is CHECKPOINT_UNREADABLE, not a guess, when the end cannot be reached', async () => {
    const topic = uniqueTopic('checkpoints')
    const impatient = kafka({
      brokers: brokers().split(','),
      checkpointTopic: topic,
      transactionTimeout: 1_000,
    })
    const first = await impatient.publishing.transactionalPublisher({ name: 'relay' })
    await first.commit('1')
    await first.close()
    const foreign = await openForeignTransaction(`${topic}.relay`, ['another'])
    await expect(impatient.publishing.transactionalPublisher({ name: 'relay' })).rejects.toMatchObject({
      code: 'CHECKPOINT_UNREADABLE',
    })
    await foreign.commit()
    await foreign.close()
  })
})
