import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { cloudEvents, json } from '../../src/consumer/message/decoding.ts'
import { readEvent } from '../../src/consumer/message/read-event.ts'
import { receiver } from '../../src/consumer/message/receive.ts'
import type { TopicMessageOptions } from '../../src/consumer/message/topic-message.ts'
import { topicMessage } from '../../src/consumer/message/topic-message.ts'
import { on } from '../../src/consumer/on.ts'
import { event } from '../../src/message/event.ts'
import type { HeaderList } from '../../src/message/outgoing-record.ts'
import { eventOf, foreign, receiving, refusal, timestamp, written } from './delivered.ts'

const secret = 'tok_4242'

describe('an event that onewrite wrote', () => {
  it.each([
    ['no value', { value: null }, 'UNREADABLE_EVENT permanent', 'the record has no value'],
    ['an empty value', { value: Buffer.alloc(0) }, 'UNREADABLE_EVENT permanent', 'the value is not JSON'],
    [
      'bytes that are not UTF-8',
      { value: Buffer.from([0x22, 0xff, 0x22]) },
      'UNREADABLE_EVENT permanent',
      'not UTF-8',
    ],
    [
      'half a JSON text',
      { value: Buffer.from(`{"a":"${secret}`) },
      'UNREADABLE_EVENT permanent',
      'is not JSON',
    ],
  ])('with %s is refused for good', (_, change, code, message) => {
    const [found, text] = refusal(receiving({ ...written(), ...change }))
    expect(found).toBe(code)
    expect(text).toContain(message)
    expect(text).not.toContain(secret)
  })

  it.each([
    ['of a version from the future', { version: '3' }, 'UNKNOWN_EVENT_VERSION permanent'],
    ['of version 0', { version: '0' }, 'UNKNOWN_EVENT_VERSION permanent'],
    ['of a version that is no number', { version: 'two' }, 'UNKNOWN_EVENT_VERSION permanent'],
    ['of half a version', { version: '1.5' }, 'MISSING_UPCASTER permanent'],
    ['of an old version that is no object', { version: '1', payload: '[1]' }, 'UNREADABLE_EVENT permanent'],
  ])('%s is refused for good', (_, change, code) => {
    expect(refusal(receiving(written(change)))[0]).toBe(code)
  })

  it.each([
    ['null', () => JSON.parse('null').x],
    [
      'something that has no text',
      () => {
        throw Object.create(null)
      },
    ],
  ])('whose upcaster trips over %s is refused for good', (_, trip) => {
    const Tripping = event('order.created', {
      aggregate: 'order',
      id: () => 'x',
      version: 2,
      data: z.object({}),
      upcast: { 1: trip },
    })
    const receive = receiver([on(Tripping, () => undefined)])
    const old = written({ version: '1' })
    expect(refusal(receive(old))[0]).toBe('UNREADABLE_EVENT permanent')
  })

  it('with members named after the prototype is harmless', () => {
    const payload =
      '{"orderId": "o-1", "amount": 1, "__proto__": {"polluted": true}, "constructor": {"prototype": 1}}'
    const { data } = readEvent(eventOf(receiving(written({ version: '1', payload }))))
    expect(data).toMatchObject({ orderId: 'o-1', total: '1' })
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  it('with a sequence, a time or counts that are none still has them', () => {
    const { headers, ...record } = written()
    const odd = headers.map(([name, value]) =>
      /^ce_(sequence|time|ordinal|count)$/.test(name) ? ([name, 'soon'] as const) : ([name, value] as const),
    )
    expect(readEvent(eventOf(receiving({ ...record, headers: odd })))).toMatchObject({
      sequence: 0,
      occurredAt: new Date(timestamp),
      ordinal: 0,
      count: 1,
    })
    const timeless = { ...record, headers: odd, timestamp: undefined }
    expect(readEvent(eventOf(receiving(timeless))).occurredAt).toEqual(new Date(0))
  })
})

const Cancelled = <Data>(
  options: Partial<TopicMessageOptions<Data>> & Pick<TopicMessageOptions<Data>, 'data'>,
) =>
  receiver([
    on(
      topicMessage('order.cancelled', { topic: 'order.cancelled', aggregate: 'order', ...options }),
      () => undefined,
    ),
  ])

const data = z.object({ orderId: z.string(), reason: z.string().max(100) })

describe('a message of a topic that onewrite did not write', () => {
  const receive = Cancelled({ data })

  it.each([
    ['a tombstone', null, 'UNREADABLE_EVENT permanent', 'the record has no value'],
    ['nothing', '', 'UNREADABLE_EVENT permanent', 'the value is not JSON'],
    ['half a JSON text', `{"orderId":"${secret}`, 'UNREADABLE_EVENT permanent', 'the value is not JSON'],
    ['no UTF-8', Buffer.from([0x7b, 0xc3, 0x28]), 'UNREADABLE_EVENT permanent', 'the value is not UTF-8'],
    ['null', 'null', 'INVALID_MESSAGE permanent', 'expected object'],
    ['a list', '[]', 'INVALID_MESSAGE permanent', 'expected object'],
    ['a text', `"${secret}"`, 'INVALID_MESSAGE permanent', 'expected object'],
    ['a number', '42', 'INVALID_MESSAGE permanent', 'expected object'],
    [
      'two faults',
      `{"orderId": 1, "reason": ["${secret}"]}`,
      'INVALID_MESSAGE permanent',
      'orderId: Invalid input: expected string, received number; reason:',
    ],
    ['a list a million deep', '['.repeat(1_000_000), 'UNREADABLE_EVENT permanent', 'the value is not JSON'],
    [
      'a deep list',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      'INVALID_MESSAGE permanent',
      'expected object',
    ],
    [
      '20 MB',
      `{"orderId": "o-1", "reason": "${'x'.repeat(20_000_000)}"}`,
      'INVALID_MESSAGE permanent',
      'reason: Too big',
    ],
  ])('with %s is refused for good, and what it holds stays out of the cause', (_, value, code, message) => {
    const [found, text] = refusal(receive(foreign({ value, key: 'o-1' })))
    expect(found).toBe(code)
    expect(text).toContain(message)
    expect(text).not.toContain(secret)
    expect(text.length).toBeLessThan(1_500)
  })

  it('with ten thousand faults has a short cause', () => {
    const many = Cancelled({ data: z.object({ ids: z.array(z.string()) }) })
    const value = JSON.stringify({ ids: Array.from({ length: 10_000 }, (_, id) => id) })
    const [code, text] = refusal(many(foreign({ value })))
    expect(code).toBe('INVALID_MESSAGE permanent')
    expect(text.length).toBeLessThan(1_500)
  })

  it('with a byte order mark is read', () => {
    const value = '\ufeff{"orderId": "o-1", "reason": "late"}'
    expect(readEvent(eventOf(receive(foreign({ value })))).data).toEqual({ orderId: 'o-1', reason: 'late' })
  })

  it('without key, id or subject has no order, and waits for nobody', () => {
    const value = '{"orderId": "o-1", "reason": "late"}'
    const received = eventOf(receive(foreign({ value })))
    expect(received.queue).toMatchObject({ scope: 'record', topic: 'order' })
    expect(readEvent(received).aggregateId).toBe('')
    expect(receive(foreign({ value, offset: '6' }))).not.toMatchObject({ lane: received.lane })
  })

  it.each([
    [
      'throws',
      () => {
        throw new TypeError(secret)
      },
    ],
    [
      'throws undefined',
      () => {
        throw undefined
      },
    ],
    ['gives no text', () => JSON.parse('7')],
    ['gives an empty text', () => ''],
  ])('whose id or key %s is refused for good', (_, fails: () => string) => {
    const value = '{"orderId": "o-1", "reason": "late"}'
    for (const asked of [Cancelled({ data, id: fails }), Cancelled({ data, key: fails })]) {
      const received = asked(foreign({ value }))
      expect(received).toMatchObject({
        kind: 'unreadable',
        id: `order.cancelled/3/5@${timestamp}`,
        identified: false,
      })
      expect(JSON.stringify(received)).not.toContain(secret)
    }
  })

  it('whose schema throws is refused for good', () => {
    // Of zod, what throws is taken for asynchronous.
    const validate = (): never => {
      throw new Error(secret)
    }
    const thrower = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const [code, text] = refusal(Cancelled({ data: thrower })(foreign({ value: '{}' })))
    expect(code).toBe('UNREADABLE_EVENT permanent')
    expect(text).not.toContain(secret)
  })

  it('whose schema is asynchronous is refused for good', () => {
    const slow = z.object({}).refine(async () => true)
    expect(refusal(Cancelled({ data: slow })(foreign({ value: '{}' })))[0]).toBe('ASYNC_SCHEMA permanent')
  })

  it('that cannot be read is to be passed over where its declaration says so', () => {
    const lenient = Cancelled({ data, unreadable: 'skip' })
    expect(lenient(foreign({ value: '{' }))).toMatchObject({ kind: 'event', whenUnreadable: 'skip' })
    const keyed = Cancelled({ data, unreadable: 'skip', key: ({ orderId }) => orderId })
    expect(keyed(foreign({ value: '{' }))).toMatchObject({ kind: 'unreadable', whenUnreadable: 'skip' })
  })

  it('with members named after the prototype is harmless', () => {
    const open = Cancelled({ data: z.looseObject({}) })
    const value = '{"__proto__": {"polluted": true}, "a": {"__proto__": {"polluted": true}}}'
    expect(Reflect.get(Object(readEvent(eventOf(open(foreign({ value })))).data), 'polluted')).toBeUndefined()
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  it('keeps the digits that JavaScript would lose, as text', () => {
    const exact = Cancelled({ data: z.object({ account: z.string(), total: z.string(), count: z.number() }) })
    const value = '{"account": 12345678901234567890, "total": 0.12345678901234567890, "count": 3}'
    expect(readEvent(eventOf(exact(foreign({ value })))).data).toEqual({
      account: '12345678901234567890',
      total: '0.12345678901234567890',
      count: 3,
    })
    const rounding = Cancelled({ data: z.object({ account: z.number() }) })
    expect(refusal(rounding(foreign({ value })))[0]).toBe('INVALID_MESSAGE permanent')
  })

  it('is parsed as its declaration says', () => {
    const shouting = json({ parse: (text) => JSON.parse(text.toLowerCase()) })
    const received = Cancelled({ data, decode: shouting })(foreign({ value: '{"orderid":1}' }))
    expect(refusal(received)[1]).toContain('orderId')
  })
})

describe('a CloudEvent', () => {
  const receive = Cancelled({ data, decode: cloudEvents() })
  const structured: HeaderList = [['content-type', 'application/cloudevents+json; charset=utf-8']]
  const envelope = { specversion: '1.0', id: '1', source: '/s', type: 'order.cancelled' }

  it.each([
    ['no JSON', '{', 'the value is not JSON'],
    ['no object', '[]', 'a CloudEvent is a JSON object'],
    ['no attributes', '{}', 'the CloudEvent lacks specversion, id, source, type'],
    ['an id that is a number', JSON.stringify({ ...envelope, id: 1 }), 'lacks id'],
    [
      'another version of the format',
      JSON.stringify({ ...envelope, specversion: '0.3' }),
      'not of version 1.0',
    ],
  ])('with %s is refused for good', (_, value, message) => {
    for (const receives of [receive, receiving]) {
      const received = receives(foreign({ value, headers: structured }))
      expect(received).toMatchObject({ kind: 'unreadable', id: `order.cancelled/3/5@${timestamp}` })
      expect(refusal(received)[1]).toContain(message)
    }
  })

  it.each([
    ['no data', {}, 'INVALID_MESSAGE permanent'],
    [
      'data that is not JSON',
      { datacontenttype: 'text/xml', data: `<${secret}/>` },
      'UNREADABLE_EVENT permanent',
    ],
    [
      'base64 that is not JSON',
      { data_base64: Buffer.from(secret).toString('base64') },
      'UNREADABLE_EVENT permanent',
    ],
  ])('with %s is refused for good', (_, more, code) => {
    const [found, text] = refusal(receive(foreign({ value: JSON.stringify({ ...envelope, ...more }) })))
    expect(found).toBe(code)
    expect(text).not.toContain(secret)
  })

  it('in binary mode whose value is not JSON is refused for good', () => {
    const headers: HeaderList = [
      ['content-type', 'application/avro'],
      ['ce_type', 'order.cancelled'],
      ['ce_id', '1'],
    ]
    expect(refusal(receive(foreign({ value: 'Obj\u0001', headers })))).toEqual([
      'UNREADABLE_EVENT permanent',
      expect.stringContaining('the value is application/avro, and not JSON'),
    ])
  })
})
