import { kafka } from 'onewrite/kafka'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { Logger } from '../../src/lifecycle/logger.ts'
import type { Member, SubscribeOptions, Subscription } from '../../src/transport/subscriber.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import {
  commitOffset,
  committedOffsets,
  deleteTopic,
  dropRecords,
  growTopic,
} from '../support/change-topic.ts'
import { readingMember } from '../support/reading.ts'

const addresses = brokers().split(',')
const sender = kafka({ brokers: addresses })
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((transport) => transport.close()))
})
afterAll(() => sender.close())

const patience = { timeout: 40_000 }

const send = async (topic: string, values: readonly string[], partition = 0): Promise<void> => {
  const publisher = await sender.publishing.publisher({ name: 'sender' })
  await publisher.publish(values.map((value) => ({ topic, partition, key: 'k', value, headers: {} })))
  await publisher.close()
}
const create = (topic: string, partitions = 1): Promise<void> =>
  sender.publishing.createTopics([{ name: topic, partitions }])

const logged: { readonly level: string; readonly fields: object; readonly message: string }[] = []
const note = (level: string) => (fields: object, message: string) => {
  logged.push({ level, fields, message })
}
const logger: Logger = {
  debug: () => undefined,
  info: note('info'),
  warn: note('warn'),
  error: note('error'),
}

const values = (member: { records(): readonly { readonly value: Buffer | null }[] }): string[] =>
  member.records().map(({ value }) => String(value))

describe.each(['classic', 'consumer'] as const)('with the protocol %s', (groupProtocol) => {
  const subscribe = (
    topic: string,
    member: Member,
    options: Partial<SubscribeOptions> = {},
  ): Subscription => {
    const transport = kafka({ brokers: addresses, groupProtocol, logger })
    open.push(transport)
    return transport.subscribing.subscribe({ group: topic, topics: [topic], ...options }, member)
  }

  it('waits for a topic that is not there yet, and says so', async () => {
    const topic = uniqueTopic('late')
    const member = readingMember()
    const subscription = subscribe(topic, member)
    await vi.waitFor(() => expect(subscription.health?.().state).toBe('degraded'), patience)
    expect(subscription.health?.().reason).toContain(topic)
    await create(topic)
    await send(topic, ['a'])
    await vi.waitFor(() => expect(values(member)).toEqual(['a']), patience)
    await vi.waitFor(() => expect(subscription.health?.()).toEqual({ state: 'up' }), patience)
  })

  it('reads partitions that are added', async () => {
    const topic = uniqueTopic('grown')
    await create(topic)
    const member = readingMember()
    subscribe(topic, member)
    await vi.waitFor(() => expect(member.now()).toEqual([`${topic}/0`]), patience)
    await growTopic(topic, 3)
    await send(topic, ['a'], 2)
    await vi.waitFor(() => expect(values(member)).toEqual(['a']), patience)
    await vi.waitFor(() => expect(member.now()).toHaveLength(3), patience)
    expect(member.readings).toHaveLength(3)
  })

  it('reads a topic that was deleted and made anew from its beginning', async () => {
    const topic = uniqueTopic('anew')
    await create(topic)
    await send(topic, ['old 1', 'old 2', 'old 3'])
    const member = readingMember()
    subscribe(topic, member)
    await vi.waitFor(() => expect(member.records()).toHaveLength(3), patience)
    await deleteTopic(topic)
    await create(topic)
    await send(topic, ['new 1', 'new 2', 'new 3', 'new 4', 'new 5'])
    // The offset that the group had is one of the new topic, too.
    const all = ['old 1', 'old 2', 'old 3', 'new 1', 'new 2', 'new 3', 'new 4', 'new 5']
    await vi.waitFor(() => expect(new Set(values(member))).toEqual(new Set(all)), patience)
    await vi.waitFor(async () => expect(await committedOffsets(topic, topic, 1)).toEqual([5]), patience)
    // By which whoever keeps offsets elsewhere knows that they are of another topic.
    const origins = member.readings.map(({ assignment }) => assignment.origin)
    expect(origins.every((origin) => origin !== undefined && origin !== '')).toBe(true)
    expect(new Set(origins).size).toBe(2)
  })

  it('names the records that retention dropped unread, and goes on at the first that is left', async () => {
    const topic = uniqueTopic('dropped')
    await create(topic)
    await send(topic, ['0', '1', '2', '3', '4', '5'])
    await commitOffset(topic, topic, 0, 2)
    await dropRecords(topic, 0, 4)
    const member = readingMember()
    const subscription = subscribe(topic, member)
    await vi.waitFor(() => expect(values(member)).toEqual(['4', '5']), patience)
    expect(subscription.counts?.().missed).toBe(2)
    expect(subscription.health?.().reason).toContain(`${topic}/0 from 2 to 3`)
    const error = logged.find(({ level, fields }) => level === 'error' && 'partition' in fields)
    expect(error?.fields).toMatchObject({ from: 2, to: 3 })
  })

  it('begins anew where the group stands beyond the end', async () => {
    const topic = uniqueTopic('short')
    await create(topic)
    await send(topic, ['a', 'b'])
    await commitOffset(topic, topic, 0, 100)
    const member = readingMember()
    subscribe(topic, member)
    await vi.waitFor(() => expect(values(member)).toEqual(['a', 'b']), patience)
    await vi.waitFor(async () => expect(await committedOffsets(topic, topic, 1)).toEqual([2]), patience)
  })

  it('goes on where another program left the group', async () => {
    const topic = uniqueTopic('foreign')
    await create(topic)
    await send(topic, ['a', 'b', 'c'])
    await commitOffset(topic, topic, 0, 1)
    const member = readingMember()
    subscribe(topic, member)
    await vi.waitFor(() => expect(values(member)).toEqual(['b', 'c']), patience)
    expect(member.readings[0]?.assignment.committed).toBe(1n)
  })

  it('fixes what now means when the group begins', async () => {
    const topic = uniqueTopic('now')
    await create(topic)
    await send(topic, ['before'])
    const member = readingMember({ settles: false })
    const subscription = subscribe(topic, member, { from: 'now' })
    await vi.waitFor(async () => expect(await committedOffsets(topic, topic, 1)).toEqual([1]), patience)
    await subscription.stop()
    await send(topic, ['while away'])
    const next = readingMember()
    subscribe(topic, next, { from: 'now' })
    await vi.waitFor(() => expect(values(next)).toEqual(['while away']), patience)
  })

  it('sees that commits are refused', async () => {
    const topic = uniqueTopic('refused')
    await create(topic)
    await send(topic, ['a'])
    const member = readingMember({ settles: false })
    const subscription = subscribe(topic, member)
    await vi.waitFor(() => expect(member.records()).toHaveLength(1), patience)
    await deleteTopic(topic)
    member.readings[0]?.assignment.settle(1n)
    await vi.waitFor(() => expect(subscription.counts?.().refusals).toBeGreaterThan(0), patience)
  })
})
