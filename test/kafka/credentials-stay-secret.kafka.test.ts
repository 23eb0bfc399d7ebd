import { inspect } from 'node:util'
import { kafka } from 'onewrite/kafka'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Logger } from '../../src/lifecycle/logger.ts'
import { type SaslBroker, startSaslBroker } from '../support/sasl-broker.ts'

const password = 'canary-a1b2c3'
const wrong = 'canary-wrong-d4e5f6'
const logged: unknown[] = []
const keep = (fields: object, message: string) => void logged.push([fields, message])
const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep }

let broker: SaslBroker
beforeAll(async () => {
  broker = await startSaslBroker('alice', password)
})
afterAll(() => broker.close())

const transportWith = (secret: string, mechanism: 'plain' | 'scram-sha-512' = 'plain') =>
  kafka({ brokers: [broker.address], sasl: { mechanism, username: 'alice', password: secret }, logger })

const reasonFrom = async (transport: ReturnType<typeof kafka>): Promise<unknown> =>
  transport.check().then(
    () => undefined,
    (error: unknown) => error,
  )

it('the right password is let in, and records pass', async () => {
  const transport = transportWith(password)
  await transport.publishing.createTopics([{ name: 'checked', partitions: 1 }])
  const publisher = await transport.publishing.transactionalPublisher({ name: 'relay' })
  await publisher.publish([{ topic: 'checked', key: 'k', value: 'v', headers: {} }])
  await publisher.commit('1')
  await transport.close()
})

it('a wrong password is BROKER_AUTHENTICATION at once, and neither log nor error repeats it', async () => {
  const error = await reasonFrom(transportWith(wrong))
  expect(error).toMatchObject({ code: 'BROKER_AUTHENTICATION' })
  const everything = inspect([error, logged], { depth: 20 })
  expect(everything).toContain('uthentication')
  expect(everything).not.toContain('canary')
})

it('a mechanism that the broker does not know is said so', async () => {
  const error = await reasonFrom(transportWith(password, 'scram-sha-512'))
  expect(error).toMatchObject({ code: 'BROKER_AUTHENTICATION' })
  expect(inspect([error, logged], { depth: 20 })).not.toContain('canary')
})

it('settings that the client refuses are told without their values', async () => {
  const transport = kafka({
    brokers: [broker.address],
    ssl: { ca: 'no PEM', key: wrong, certificate: 'no PEM' },
    logger,
  })
  const error = await reasonFrom(transport)
  expect(error).toMatchObject({ code: 'INVALID_CONFIG' })
  expect(inspect([error, logged], { depth: 20 })).not.toContain('canary')
})
