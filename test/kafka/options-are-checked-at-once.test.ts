import { createRequire } from 'node:module'
import { kafka } from 'onewrite/kafka'
import { describe, expect, it } from 'vitest'
import { loadClient } from '../../src/kafka/client.ts'
import { readOptions } from '../../src/kafka/read-options.ts'
import { redaction } from '../../src/kafka/redact.ts'

const faultsOf = (options: object): string => {
  try {
    // Callers without types are who this is for.
    Reflect.apply(kafka, undefined, [options])
  } catch (error) {
    return String(error)
  }
  return ''
}

describe('kafka() checks its options before anything starts', () => {
  it('names every fault at once', () => {
    const faults = faultsOf({
      brokers: ['localhost', 'localhost:99999', 'localhost:9092'],
      checkpointTopic: 'not a topic',
      partitions: 0,
      transactionTimeout: 900_001,
      clientId: 'spaces are bad',
      sasl: { mechanism: 'plan', username: '' },
      ssl: { certificate: 'c' },
    })
    for (const fault of [
      'brokers[0]',
      'brokers[1]',
      'checkpointTopic',
      'partitions: 0',
      'transactionTimeout: 900001',
      'clientId',
      'sasl.mechanism: plan is none of plain, scram-sha-256, scram-sha-512, did you mean plain?',
      'sasl.username',
      'sasl.password',
      'certificate and key go together',
    ]) {
      expect(faults).toContain(fault)
    }
    expect(faults).not.toContain('brokers[2]')
    expect(faults).toContain('[INVALID_CONFIG]')
  })

  it('suggests the option that was meant', () => {
    expect(faultsOf({ brokers: ['localhost:9092'], transactionTimout: 1 })).toContain(
      'did you mean transactionTimeout?',
    )
  })

  it('refuses a clear connection to another machine unless told otherwise', () => {
    expect(faultsOf({ brokers: ['kafka.example.com:9092'] })).toContain('allowInsecure')
    expect(faultsOf({ brokers: ['kafka.example.com:9092'], allowInsecure: true })).toBe('')
    expect(faultsOf({ brokers: ['kafka.example.com:9093'], ssl: true })).toBe('')
    expect(faultsOf({ brokers: ['localhost:9092', '127.0.0.1:9093', '[::1]:9094'] })).toBe('')
  })

  it('never repeats a secret, also not one that was put into an address', () => {
    const canary = 'canary-7d1f'
    const faults = faultsOf({
      brokers: [`user:${canary}@host:9092`],
      sasl: { mechanism: 'plain', user: 'u', password: canary },
      ssl: { key: canary },
    })
    expect(faults).toContain('brokers[0]')
    expect(faults).not.toContain(canary)
  })
})

describe('texts of the client', () => {
  it('lose every secret on their way to a log or a message', () => {
    const canaries = ['canary-password', 'canary-key', 'canary-passphrase'] as const
    const [password, key, passphrase] = canaries
    const config = readOptions({
      brokers: ['localhost:9092'],
      sasl: { mechanism: 'plain', username: 'u', password },
      ssl: { certificate: 'c', key, passphrase },
    })
    const text = `invalid value "${password}" and ${key} and ${passphrase} and ${password}`
    expect(redaction(config)(text)).toBe('invalid value "***" and *** and *** and ***')
  })
})

describe('the Kafka client is loaded when it is needed, not before', () => {
  it('is not touched by kafka()', () => {
    kafka({ brokers: ['localhost:9092'] })
    const { cache } = createRequire(import.meta.url)
    expect(Object.keys(cache).filter((file) => file.includes('kafka-javascript'))).toEqual([])
  })

  it('says what to run when it is absent or was never compiled', () => {
    const absent = () => {
      throw new Error("Cannot find module '@confluentinc/kafka-javascript'\nRequire stack:\n- /a/b.js")
    }
    expect(() => loadClient(absent)).toThrow(/Cannot find module .*npm rebuild.*\[KAFKA_CLIENT_MISSING\]/)
    expect(() => loadClient(absent)).not.toThrow(/Require stack/)
    expect(() => loadClient(() => ({}))).toThrow(/\[KAFKA_CLIENT_MISSING\]/)
  })
})
