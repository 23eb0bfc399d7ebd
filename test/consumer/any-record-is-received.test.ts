import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { cloudEvents } from '../../src/consumer/message/decoding.ts'
import { readEvent } from '../../src/consumer/message/read-event.ts'
import { receiver } from '../../src/consumer/message/receive.ts'
import { topicMessage } from '../../src/consumer/message/topic-message.ts'
import { on } from '../../src/consumer/on.ts'
import { queueName } from '../../src/dead-letter/queue.ts'
import { isOnewriteError } from '../../src/error/onewrite-error.ts'
import { classify } from '../../src/retry/classify.ts'
import { OrderCreated } from './delivered.ts'

const data = z.object({ orderId: z.string() })
const Cancelled = topicMessage('order.cancelled', {
  topic: 'order.cancelled',
  aggregate: 'order',
  data,
  key: ({ orderId }) => orderId,
  id: ({ orderId }) => orderId,
  unreadable: 'skip',
})
const Paid = topicMessage('order.paid', { topic: 'paid', aggregate: 'order', data, decode: cloudEvents() })
const nothing = () => undefined
const receive = receiver([on(OrderCreated, nothing), on(Cancelled, nothing), on(Paid, nothing)])

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
const names = fc.oneof(
  fc.constantFrom(
    ...['id', 'ce_id', 'ce_type', 'ce_source', 'ce_subject', 'ce_time', 'ce_sequence', 'ce_dataversion'],
    ...[
      'ce_transactionid',
      'ce_ordinal',
      'content-type',
      'type',
      'eventType',
      'traceparent',
      '__proto__',
      '',
    ],
  ),
  fc.string({ unit: 'binary' }),
)
const told = fc.constantFrom(
  ...['order.created', 'order.cancelled', 'order.paid', 'application/json', 'application/cloudevents+json'],
  ...[
    '1',
    '2',
    '3',
    '0',
    '-1',
    '1e3',
    '/s',
    '01890a5d-ac96-774b-bcce-b302099a8057',
    'constructor',
    'toString',
  ],
)
const headers = fc.array(
  fc.tuple(names, fc.oneof(told, fc.string({ unit: 'binary' }), bytes, fc.constant(null))),
  { maxLength: 15 },
)
const values = fc.oneof(
  fc.constant(null),
  bytes,
  fc.json().map((text) => Buffer.from(text)),
  fc
    .record(
      {
        specversion: fc.constantFrom('1.0', 1),
        id: fc.oneof(fc.string(), fc.integer()),
        source: fc.string(),
        type: fc.oneof(told, fc.string()),
        subject: fc.string(),
        data: fc.oneof(fc.json(), fc.record({ orderId: fc.string({ unit: 'binary' }) })),
        data_base64: fc.string(),
        orderId: fc.oneof(fc.string({ unit: 'binary' }), fc.integer()),
        total: fc.string(),
        __proto__: fc.constant({ polluted: true }),
      },
      { requiredKeys: [] },
    )
    .map((value) => Buffer.from(JSON.stringify(value))),
)
const long = 't'.repeat(249)
const records = fc.record({
  topic: fc.constantFrom('order.events', 'order.created', 'order.cancelled', 'paid', 'constructor', long),
  partition: fc.nat(),
  offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String),
  timestamp: fc.option(fc.integer({ min: 0, max: 2 ** 50 }), { nil: undefined }),
  key: fc.oneof(fc.constant(null), bytes),
  value: values,
  headers,
})

it('whatever a record holds: it is told what it is, the same each time, and reading fails for good or not at all', () => {
  const kinds = new Map<string, number>()
  const count = (kind: string): unknown => kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const holds = fc.property(records, (record) => {
    const received = receive(record)
    expect(receive(record)).toEqual(received)
    expect(received.record).toBe(record)
    expect(received.id).toMatch(/^.{1,200}$/su)
    expect(received.lane).toBe(queueName(received.queue))
    expect(received.queue.subject.length).toBeLessThanOrEqual(200)
    if (received.kind !== 'event') return void count(received.kind)
    try {
      const event = readEvent(received)
      expect(event).toMatchObject({ id: received.id, identified: received.identified, type: received.type })
      expect(event.occurredAt.getTime()).not.toBeNaN()
      expect(Reflect.get({}, 'polluted')).toBeUndefined()
      count('read')
    } catch (error) {
      if (!isOnewriteError(error)) throw error
      expect(classify(error)).toBe('permanent')
      count('refused')
    }
  })
  fc.assert(holds, { numRuns: 1_000 })
  expect([...kinds.keys()].sort()).toEqual(['other', 'read', 'refused', 'unreadable'])
})
