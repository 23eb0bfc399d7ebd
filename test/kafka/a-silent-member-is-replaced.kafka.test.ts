import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { kafka } from 'onewrite/kafka'
import { afterAll, expect, it, vi } from 'vitest'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { readingMember } from '../support/reading.ts'

const program = fileURLToPath(new URL('./subscriber-process.ts', import.meta.url))
const sender = kafka({ brokers: brokers().split(',') })
const children: ChildProcess[] = []
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await sender.close()
})

const patience = { timeout: 40_000 }

interface Told {
  readonly now: readonly string[]
  readonly lost: readonly string[]
}

const isTold = (value: unknown): value is Told =>
  typeof value === 'object' && value !== null && 'now' in value && 'lost' in value

const start = (topic: string): { readonly child: ChildProcess; last(): Told } => {
  const child = spawn(process.execPath, ['--import', 'tsx', program, brokers(), topic, '6000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk
  })
  const last = (): Told => {
    const told: unknown = JSON.parse(text.trim().split('\n').at(-1) || '{"now":[],"lost":[]}')
    return isTold(told) ? told : { now: [], lost: [] }
  }
  return { child, last }
}

it('gives the partitions of a stopped process to others, and tells it when it comes back', async () => {
  const topic = uniqueTopic('silent')
  await sender.publishing.createTopics([{ name: topic, partitions: 2 }])
  const { child, last } = start(topic)
  await vi.waitFor(() => expect(last().now).toHaveLength(2), patience)
  child.kill('SIGSTOP')
  const member = readingMember()
  const transport = kafka({ brokers: brokers().split(','), sessionTimeout: 6_000 })
  transport.subscribing.subscribe({ group: topic, topics: [topic] }, member)
  await vi.waitFor(() => expect(member.now()).toHaveLength(2), patience)
  child.kill('SIGCONT')
  await vi.waitFor(() => expect(last().lost).toHaveLength(2), patience)
  // It joins again, as a newcomer.
  await vi.waitFor(() => expect(last().now).toHaveLength(1), patience)
  await vi.waitFor(() => expect(member.now()).toHaveLength(1), patience)
  await transport.close()
})

it('gives the partitions of a killed process to others', async () => {
  const topic = uniqueTopic('killed')
  await sender.publishing.createTopics([{ name: topic, partitions: 2 }])
  const { child, last } = start(topic)
  await vi.waitFor(() => expect(last().now).toHaveLength(2), patience)
  child.kill('SIGKILL')
  const member = readingMember()
  const transport = kafka({ brokers: brokers().split(','), sessionTimeout: 6_000 })
  transport.subscribing.subscribe({ group: topic, topics: [topic] }, member)
  await vi.waitFor(() => expect(member.now()).toHaveLength(2), patience)
  await transport.close()
})
