import { kafka } from 'onewrite/kafka'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { Member, Subscription } from '../../src/transport/subscriber.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { committedOffsets } from '../support/change-topic.ts'
import { type ReadingMember, readingMember } from '../support/reading.ts'

const addresses = brokers().split(',')
const sender = kafka({ brokers: addresses })
const open: { close(): Promise<void> }[] = [sender]
afterEach(async () => {
  await Promise.all(open.splice(1).map((transport) => transport.close()))
})
afterAll(() => sender.close())

const partitions = 4
const patience = { timeout: 30_000 }

const topicWith = async (count: number): Promise<string> => {
  const topic = uniqueTopic('moving')
  await sender.publishing.createTopics([{ name: topic, partitions }])
  await send(topic, 0, count)
  return topic
}

/** Number n goes to partition n modulo 4. */
const send = async (topic: string, from: number, count: number): Promise<void> => {
  const publisher = await sender.publishing.publisher({ name: 'sender' })
  await publisher.publish(
    Array.from({ length: count }, (_, index) => {
      const number = from + index
      return { topic, partition: number % partitions, key: 'k', value: String(number), headers: {} }
    }),
  )
  await publisher.close()
}

const groupProtocols = ['classic', 'consumer'] as const

describe.each(groupProtocols)('with the protocol %s', (groupProtocol) => {
  const subscribe = (topic: string, member: Member): Subscription => {
    const transport = kafka({ brokers: addresses, groupProtocol })
    open.push(transport)
    return transport.subscribing.subscribe({ group: topic, topics: [topic] }, member)
  }
  const all = (...members: ReadingMember[]): string[] => members.flatMap((member) => member.now()).sort()
  const everyPartition = (topic: string): string[] => [0, 1, 2, 3].map((partition) => `${topic}/${partition}`)

  it('gives a joining member its share, and leaves alone what stays', async () => {
    const topic = await topicWith(40)
    const [first, second] = [readingMember(), readingMember()]
    const subscription = subscribe(topic, first)
    await vi.waitFor(() => expect(first.records()).toHaveLength(40), patience)
    subscribe(topic, second)
    await vi.waitFor(() => expect(second.now()).toHaveLength(2), patience)
    expect(all(first, second)).toEqual(everyPartition(topic))
    // Those that stayed were given once, and never taken.
    expect(first.readings).toHaveLength(4)
    expect(first.readings.filter(({ released }) => released)).toHaveLength(2)
    await send(topic, 40, 40)
    await vi.waitFor(() => expect(first.records().length + second.records().length).toBe(80), patience)
    await subscription.stop()
    await vi.waitFor(() => expect(second.now()).toHaveLength(4), patience)
    await send(topic, 80, 40)
    await vi.waitFor(() => expect(first.records().length + second.records().length).toBe(120), patience)
    const values = [...first.records(), ...second.records()].map(({ value }) => Number(value))
    expect(new Set(values).size).toBe(120)
  })

  it('waits for a member that is still at work, and commits what it settled then', async () => {
    const topic = await topicWith(8)
    const slow = readingMember({ settles: false })
    let finish: () => void = () => undefined
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const revoking: string[] = []
    subscribe(topic, {
      assigned: slow.assigned,
      revoked: async (assignment) => {
        revoking.push(assignment.name)
        await finished
        assignment.settle(1n)
        await slow.revoked(assignment)
      },
    })
    await vi.waitFor(() => expect(slow.records()).toHaveLength(8), patience)
    const next = readingMember({ settles: false })
    subscribe(topic, next)
    await vi.waitFor(() => expect(revoking).toHaveLength(2), patience)
    expect(next.now()).toEqual([])
    finish()
    await vi.waitFor(() => expect(next.records()).toHaveLength(2), patience)
    expect(next.records().map(({ offset }) => offset)).toEqual(['1', '1'])
  })

  it('commits what was settled and nothing beyond', async () => {
    const topic = await topicWith(40)
    const member = readingMember({ settles: false })
    const subscription = subscribe(topic, member)
    await vi.waitFor(() => expect(member.records()).toHaveLength(40), patience)
    const [reading] = member.readings
    const { topic: _, partition } = reading?.records[0] ?? { topic: '', partition: -1 }
    reading?.assignment.settle(3n)
    await subscription.stop()
    const expected = [0, 1, 2, 3].map((number) => (number === partition ? 3 : 0))
    expect(await committedOffsets(topic, topic, partitions)).toEqual(expected)
  })

  it('lets the others flow when one partition is not read', async () => {
    const topic = await topicWith(4)
    const member = readingMember({ reads: (name) => !name.endsWith('/0') })
    subscribe(topic, member)
    await vi.waitFor(() => expect(member.records()).toHaveLength(3), patience)
    await send(topic, 4, 40_000)
    await vi.waitFor(() => expect(member.records()).toHaveLength(30_003), patience)
    const silent = member.readings.find(({ assignment }) => assignment.name.endsWith('/0'))
    let read = 0
    while (read < 10_001) {
      read += (await silent?.assignment.next({ records: 1_000, bytes: 1_000_000 }))?.length ?? 0
    }
    expect(read).toBe(10_001)
  })
})
