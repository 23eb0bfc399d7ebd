import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CheckResult } from '../../src/admin/check.ts'
import { kafkaDoctor } from '../../src/admin/kafka-checks.ts'
import type { KafkaOptions } from '../../src/kafka/options.ts'
import { run } from '../cli/run.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase } from '../support/database.ts'
import { createTopicWith } from '../support/native-kafka.ts'
import { type SaslBroker, startSaslBroker } from '../support/sasl-broker.ts'

const look = (options: Partial<KafkaOptions> = {}, topics: readonly string[] = []) =>
  kafkaDoctor({ kafka: { brokers: [brokers()], ...options }, topics, progress: () => undefined })

const of = (checks: readonly CheckResult[], name: string) => checks.filter((check) => check.name === name)

describe('doctor, at the brokers', () => {
  it('reads what they are set to', async () => {
    const checks = await look()
    expect(of(checks, 'kafka.client')).toMatchObject([{ status: 'ok' }])
    expect(of(checks, 'kafka.version')).toMatchObject([
      { status: 'ok', message: expect.stringMatching(/^Kafka 4\.\d/) },
    ])
    expect(of(checks, 'kafka.brokers')).toMatchObject([{ status: 'warning', message: 'there is 1 broker' }])
    expect(of(checks, 'kafka.transaction-timeout')).toMatchObject([
      { status: 'ok', message: 'transaction.max.timeout.ms is 900000, the relay asks for 60000' },
    ])
    expect(of(checks, 'kafka.record-size')).toMatchObject([
      { status: 'ok', message: 'message.max.bytes is 1048588, the relay sends up to 1000000' },
    ])
    expect(of(checks, 'kafka.unclean-election')).toMatchObject([{ status: 'ok' }])
    expect(of(checks, 'kafka.transaction-log')).toMatchObject([
      { status: 'warning', message: expect.stringContaining('has 1 replicas') },
    ])
    for (const { status, fix } of checks) {
      expect(fix !== undefined).toBe(status === 'warning' || status === 'problem')
    }
  })

  it('finds topics that are missing, unsafe, or too small for the largest record', async () => {
    const [small, missing] = [uniqueTopic('small'), uniqueTopic('missing')]
    await createTopicWith(small, { 'max.message.bytes': '5000' })
    const checks = await look({}, [small, missing])
    expect(of(checks, 'kafka.topics')).toMatchObject([
      {
        status: 'warning',
        message: `${small}: 1 replicas, min.insync.replicas 1: acknowledged records are lost with one disk`,
      },
      { status: 'problem', message: `topic ${missing} does not exist` },
    ])
    expect(of(checks, 'kafka.record-size')).toMatchObject([
      { status: 'warning', message: expect.stringContaining(`${small} (5000)`) },
    ])
  })

  it('finds a topic that takes no records for want of replicas', async () => {
    const topic = uniqueTopic('lonely')
    await createTopicWith(topic, { 'min.insync.replicas': '2' })
    expect(of(await look({}, [topic]), 'kafka.topics')).toMatchObject([
      { status: 'problem', message: expect.stringContaining('takes no records') },
    ])
  })

  it('finds a topic of checkpoints that would lose them', async () => {
    const checkpointTopic = uniqueTopic('checkpoints')
    expect(of(await look({ checkpointTopic }), 'kafka.checkpoints')).toMatchObject([{ status: 'skipped' }])
    await createTopicWith(`${checkpointTopic}.orders`, { 'cleanup.policy': 'delete' })
    const [first] = of(await look({ checkpointTopic }), 'kafka.checkpoints')
    expect(first).toMatchObject({
      status: 'problem',
      message: expect.stringContaining('cleanup.policy delete'),
    })
  })

  it('says why it could not ask where nobody answers', async () => {
    const checks = await look({ brokers: ['127.0.0.1:1'], connectTimeout: 1_000 })
    expect(of(checks, 'kafka.client')).toMatchObject([
      { status: 'problem', message: expect.stringContaining('BROKER_UNREACHABLE') },
    ])
    expect(of(checks, 'kafka.version')).toMatchObject([
      { status: 'skipped', message: expect.stringContaining('could not be asked') },
    ])
  })

  it('is part of the command', async () => {
    const { url } = await freshDatabase()
    const { json } = await run(['doctor', '--json', '--brokers', brokers()], { DATABASE_URL: url })
    expect(JSON.stringify(json())).toContain('kafka.transaction-timeout')
  })
})

describe('doctor, where credentials are asked for', () => {
  const password = 'pass"word-of-doctor'
  let broker: SaslBroker

  beforeAll(async () => {
    broker = await startSaslBroker('doctor', 'secret-of-doctor')
  })

  afterAll(() => broker.close())

  it('shows them, and never prints them', async () => {
    const { url } = await freshDatabase()
    const command = ['doctor', '--json', '--brokers', broker.address]
    const env = { DATABASE_URL: url, KAFKA_SASL_USERNAME: 'doctor' }
    const right = await run(command, { ...env, KAFKA_SASL_PASSWORD: 'secret-of-doctor' })
    expect(right.out).toContain('transaction.max.timeout.ms is 900000')
    expect(right.out).not.toContain('secret-of-doctor')
    const wrong = await run(command, { ...env, KAFKA_SASL_PASSWORD: password })
    expect(wrong.out).toContain('BROKER_AUTHENTICATION')
    expect(wrong.out + wrong.err).not.toContain('word-of-doctor')
  })
})
