import { describe, expect, it } from 'vitest'
import { deadLetterEvent, dlqTopic, type ParkedRecord } from '../../src/consumer/quarantine/dlq.ts'
import { deadLetterType, encodeDeadLetter } from '../../src/consumer/quarantine/dlq-copy.ts'
import { keyQueue } from '../../src/dead-letter/queue.ts'
import { payloadText } from '../../src/message/payload-text.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { recordId } from '../../src/message/record-id.ts'
import type { DeliveredRecord } from '../../src/transport/subscriber.ts'

const record: DeliveredRecord = {
  topic: 'order.events',
  partition: 3,
  offset: '9007199254740993',
  timestamp: 1_795_000_000_000,
  key: Buffer.from('order-7'),
  value: Buffer.from('{"total":"12.50"}'),
  headers: [
    ['id', '0199'],
    ['ce_type', 'order.created'],
  ],
}

const parked = (changes: Partial<DeliveredRecord> = {}, more: Partial<ParkedRecord> = {}): ParkedRecord => {
  const changed = { ...record, ...changes }
  return {
    consumer: 'inventory',
    group: 'inventory',
    number: 41n,
    queue: keyQueue(changed, '0199'),
    record: changed,
    attempts: 3,
    cause: { code: 'HANDLER_FAILED', message: 'unknown product 12\n    at handle (/srv/shop.js:3:1)' },
    ...more,
  }
}

const rawOf = (given: ParkedRecord): RawEvent => {
  const event = deadLetterEvent(given)
  if (event === undefined) throw new Error('nothing is copied')
  return {
    ...{ position: '1', id: event.id, aggregate: event.aggregate, aggregateId: event.aggregateId },
    ...{ sequence: '1', type: event.type, version: '1', metadata: '{}', transactionId: '1' },
    // As PostgreSQL gives it back: a copy of any record has to be text that it can keep.
    payload: payloadText(event),
    ...{ occurredAt: '2026-11-21T10:00:00.000000Z', ordinal: 0, count: 1 },
  }
}

const copied = (given: ParkedRecord) => {
  const found = encodeDeadLetter(rawOf(given))
  if (found === undefined) throw new Error('not understood')
  const headers = Array.isArray(found.headers) ? found.headers : []
  const named = new Map(headers.map(([name, value]: readonly [string, unknown]) => [name, String(value)]))
  return { ...found, headers, named }
}

describe('a copy', () => {
  it('has key, value and headers as they came, and says where from and why', () => {
    const { topic, key, value, headers, named } = copied(parked())
    expect(topic).toBe('order.events.DLQ')
    expect([key, value]).toEqual([record.key, record.value])
    expect(headers.slice(0, 2)).toEqual([
      ['id', Buffer.from('0199')],
      ['ce_type', Buffer.from('order.created')],
    ])
    expect(Object.fromEntries([...named].slice(2))).toEqual({
      'onewrite-dlq-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'onewrite-dlq-topic': 'order.events',
      'onewrite-dlq-partition': '3',
      'onewrite-dlq-offset': '9007199254740993',
      'onewrite-dlq-timestamp': '1795000000000',
      'onewrite-dlq-group': 'inventory',
      'onewrite-dlq-consumer': 'inventory',
      'onewrite-dlq-number': '41',
      'onewrite-dlq-attempts': '3',
      'onewrite-dlq-error-code': 'HANDLER_FAILED',
      'onewrite-dlq-error-fingerprint': expect.stringMatching(/^[0-9a-f]{12}$/),
      'onewrite-dlq-error-cause': 'unknown product 12',
      'onewrite-dlq-failed-at': '2026-11-21T10:00:00.000000Z',
    })
  })

  it('keeps bytes that are no text, in key, value and headers', () => {
    const bytes = Buffer.from([0, 0xff, 0xd8, 0x00, 0x80])
    const { key, value, headers } = copied(
      parked({
        key: bytes,
        value: bytes,
        headers: [
          ['trace', bytes],
          ['trace', null],
        ],
      }),
    )
    expect([key, value]).toEqual([bytes, bytes])
    expect(headers.slice(0, 2)).toEqual([
      ['trace', bytes],
      ['trace', null],
    ])
  })

  it.each([
    ['no key and no value', { key: null, value: null, headers: [] }],
    ['an empty key and value', { key: Buffer.of(), value: Buffer.of() }],
    ['a header whose name PostgreSQL cannot keep', { headers: [['a\0b', 'x']] as const }],
  ])('takes a record with %s', (_what, changes) => {
    const { key, value } = copied(parked(changes))
    const expected = { ...record, ...changes }
    expect([key, value]).toEqual([expected.key, expected.value])
  })

  it('has no value where it is too large for an event, and says where it is', () => {
    const { value, key, headers, named } = copied(parked({ value: Buffer.alloc(20_000_000, 'x') }))
    expect([value, key]).toEqual([null, record.key])
    expect(headers).toContainEqual(['ce_type', Buffer.from('order.created')])
    expect(named.get('onewrite-dlq-left-out')).toBe('value')
    expect(named.get('onewrite-dlq-kept-at')).toBe('onewrite.dead_letters, number 41')
  })

  it('carries a value of 700,000 bytes', () => {
    const value = Buffer.alloc(700_000, 0xff)
    expect(value.equals(Buffer.from(copied(parked({ value })).value ?? ''))).toBe(true)
  })

  it('leaves out headers and a key that are too large, in this order', () => {
    const large = 'é'.repeat(600_000)
    const withHeaders = copied(parked({ headers: [['large', large]] }))
    expect(withHeaders.named.get('onewrite-dlq-left-out')).toBe('value, headers')
    expect(withHeaders.key).toEqual(record.key)
    const withKey = copied(parked({ key: Buffer.from(large) }))
    expect(withKey.named.get('onewrite-dlq-left-out')).toBe('value, headers, key')
  })

  it('has a short cause on one line, whatever was thrown', () => {
    const message = `${'😀'.repeat(150)}\ud800${'x'.repeat(1_000_000)}`
    const cause = copied(parked({}, { cause: { code: 'X', message } })).named.get('onewrite-dlq-error-cause')
    expect([...(cause ?? '')]).toHaveLength(200)
    expect(cause).not.toMatch(/\p{Surrogate}/u)
  })
})

it('two copies of one event are two records to a relay, which may have to set both aside', () => {
  const [one, other] = [copied(parked()), copied(parked())]
  expect(recordId(one)).not.toBe(recordId(other))
  expect(recordId(one)).not.toBe('0199')
})

describe('the stream of copies', () => {
  const streamOf = (given: ParkedRecord) => deadLetterEvent(given)?.aggregateId

  it('is that of the key, so that copies of one key leave in order', () => {
    expect(streamOf(parked())).toBe('order-7')
    expect(streamOf(parked({ topic: 'other.events' }))).toBe('order-7')
  })

  it('is another where the key is none that a stream can have', () => {
    const odd = [Buffer.from([0xff]), Buffer.from('a\0b'), Buffer.alloc(600, 'k'), Buffer.of(), null]
    const streams = odd.map((key) => streamOf(parked({ key })))
    expect(new Set(streams).size).toBe(odd.length)
    for (const stream of streams) expect(stream).toMatch(/^[0-9a-f]{64}$/)
  })
})

it('copies of dead letters are not copied again, and a name without room is none', () => {
  expect(dlqTopic('order.events')).toBe('order.events.DLQ')
  expect(dlqTopic('order.events.DLQ')).toBeUndefined()
  expect(dlqTopic('x'.repeat(246))).toBeUndefined()
  expect(deadLetterEvent(parked({ topic: 'order.events.DLQ' }))).toBeUndefined()
})

it.each([
  '{}',
  '[]',
  'null',
  '7',
  '{"topic":"a"}',
  '{"topic":"a","number":"1","headers":[7],"leftOut":[]}',
  'no',
])('leaves an event of that type with the payload %s to others', (payload) => {
  expect(encodeDeadLetter({ ...rawOf(parked()), payload })).toBeUndefined()
})

it('leaves every other event alone', () => {
  expect(encodeDeadLetter({ ...rawOf(parked()), type: 'order.created' })).toBeUndefined()
  expect(rawOf(parked()).type).toBe(deadLetterType)
})
