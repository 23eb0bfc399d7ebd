import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readEvent } from '../../src/consumer/message/read-event.ts'
import { receiver } from '../../src/consumer/message/receive.ts'
import { on } from '../../src/consumer/on.ts'
import { event } from '../../src/message/event.ts'
import type { HeaderList } from '../../src/message/outgoing-record.ts'
import { eventId, eventOf, foreign, OrderCreated, receiving, timestamp, written } from './delivered.ts'

const withHeader = (name: string, value: string | Buffer | null) => {
  const record = written()
  const others = record.headers.filter(([other]) => other !== name)
  return { ...record, headers: [...others, [name, value] as const] }
}

const withoutHeader = (name: string) => {
  const record = written()
  return { ...record, headers: record.headers.filter(([other]) => other !== name) }
}

describe('an event that onewrite wrote', () => {
  it('is known by its headers, and is in order with its aggregate', () => {
    expect(receiving(written())).toMatchObject({
      kind: 'event',
      id: eventId,
      identified: true,
      type: 'order.created',
      queue: { scope: 'key', topic: 'order', subject: Buffer.from('o-1') },
      lane: `key order ${Buffer.from('o-1').toString('base64')}`,
      whenUnreadable: 'park',
    })
  })

  it('is in order with its aggregate whatever topic it came through', () => {
    const elsewhere = { ...written(), topic: 'portal-event' }
    expect(eventOf(receiving(elsewhere)).lane).toBe(eventOf(receiving(written())).lane)
  })

  it('is read back whole', () => {
    expect(readEvent(eventOf(receiving(written())))).toEqual({
      id: eventId,
      identified: true,
      type: 'order.created',
      version: 2,
      aggregate: 'order',
      aggregateId: 'o-1',
      sequence: 7,
      data: { orderId: 'o-1', total: '10.50' },
      metadata: { correlationId: 'c-1' },
      occurredAt: new Date('2026-11-21T10:00:00.123Z'),
      transactionId: '812',
      ordinal: 1,
      count: 2,
    })
  })

  it('is led to the latest version', () => {
    const old = written({ version: '1', payload: '{"orderId": "o-1", "amount": 10.5}' })
    expect(readEvent(eventOf(receiving(old))).data).toEqual({ orderId: 'o-1', total: '10.5' })
  })

  it('is a fact: a schema that became stricter does not refuse it', () => {
    const today = written({ payload: '{"orderId": "o-1", "total": 10.5, "note": "kept"}' })
    expect(readEvent(eventOf(receiving(today))).data).toEqual({ orderId: 'o-1', total: 10.5, note: 'kept' })
  })

  it('that lost its key is in order by its subject', () => {
    const received = eventOf(receiving({ ...written(), key: null }))
    expect(received.lane).toBe(eventOf(receiving(written())).lane)
    expect(readEvent(received).aggregateId).toBe('o-1')
  })

  it('of a type that nobody handles is other', () => {
    const there = { ...written({ type: 'order.shipped' }), topic: 'order.created' }
    expect(receiving(there)).toMatchObject({ kind: 'other', type: 'order.shipped' })
    expect(receiving(written({ type: 'order.shipped' }))).toMatchObject({
      kind: 'other',
      type: 'order.shipped',
      id: eventId,
      queue: { scope: 'key', topic: 'order.events' },
    })
  })
})

describe('an id', () => {
  it('that is null or empty is none, and the place of the record stands for it', () => {
    for (const nothing of [null, '', Buffer.alloc(0)]) {
      const headers = written().headers.map(([name, value]) =>
        name === 'id' || name === 'ce_id' ? ([name, nothing] as const) : ([name, value] as const),
      )
      const received = eventOf(receiving({ ...written(), headers }))
      expect(received).toMatchObject({ id: `order.events/3/5@${timestamp}`, identified: false })
      expect(readEvent(received)).toMatchObject({ id: `order.events/3/5@${timestamp}`, identified: false })
    }
  })

  it.each([
    ['id', '01890a5d-ac96-774b-bcce-b302099a8058'],
    ['ce_id', '01890a5d-ac96-774b-bcce-b302099a8058'],
  ])('that repeats as %s with another value is none: either could swallow another event', (name, value) => {
    const { headers, ...record } = written()
    const received = receiving({ ...record, headers: [...headers, [name, value]] })
    expect(received).toMatchObject({ id: `order.events/3/5@${timestamp}`, identified: false })
  })

  it('that repeats with the same value is one', () => {
    const { headers, ...record } = written()
    expect(receiving({ ...record, headers: [...headers, ...headers] })).toMatchObject({ id: eventId })
  })

  it('is the same in capitals', () => {
    const shouted = withHeader('ce_id', eventId.toUpperCase())
    const headers = shouted.headers.filter(([name]) => name !== 'id')
    expect(receiving({ ...shouted, headers })).toMatchObject({ id: eventId })
  })

  it('that is not UTF-8 is told by its bytes, and different bytes stay different', () => {
    const idOf = (bytes: Buffer) => {
      const headers = [['id', bytes] as const, ...withoutHeader('id').headers]
      return receiving({ ...written(), headers: headers.filter(([name]) => name !== 'ce_id') }).id
    }
    expect(idOf(Buffer.from([0xff, 1]))).toBe('order.events 0xff01')
    expect(idOf(Buffer.from([0xfe, 1]))).not.toBe(idOf(Buffer.from([0xff, 1])))
  })

  it.each(['x'.repeat(1_000_000), 'a\u0000b'])('that cannot be kept is told by its digest', (odd) => {
    const headers: HeaderList = [
      ['id', odd],
      ['type', 'order.created'],
    ]
    expect(receiving(foreign({ headers })).id).toMatch(/^sha256 [0-9a-f]{64}$/)
  })

  it('that is no UUID is unique only among those of its writer', () => {
    const numbered = (source: string): string => {
      const headers: HeaderList = [
        ['ce_specversion', '1.0'],
        ['ce_id', '42'],
        ['ce_source', source],
        ['ce_type', 'order.created'],
      ]
      return receiving(foreign({ headers, value: '{}' })).id
    }
    expect(numbered('/shop')).toBe('/shop 42')
    expect(numbered('/store')).not.toBe(numbered('/shop'))
  })
})

it('context that an event of ours could not hold is left behind', () => {
  const { headers, ...record } = written()
  const odd = [
    ['ce_correlationid', 'c'.repeat(501)],
    ['ce_causationid', 'd\u0000'],
    ['traceparent', 'no trace'],
    ['tracestate', 'a=1'],
  ] as const
  const received = eventOf(receiving({ ...record, headers: [...headers, ...odd] }))
  expect(readEvent(received).metadata).toEqual({ causationId: 'd' })
})

describe('what a Debezium event router wrote', () => {
  const value = '{"orderId": "o-1", "total": "10.50"}'
  const router = (more: HeaderList = [], topic = 'outbox.event.order') =>
    foreign({ topic, key: 'o-1', value, headers: [['id', eventId], ...more] })

  it.each(['type', 'eventType', 'event_type', 'ce_type'])('has its type in the header %s', (name) => {
    const received = eventOf(receiving(router([[name, 'order.created']])))
    expect(received).toMatchObject({ id: eventId, identified: true, type: 'order.created' })
    expect(readEvent(received)).toMatchObject({
      aggregateId: 'o-1',
      version: 2,
      data: { orderId: 'o-1', total: '10.50' },
      sequence: 0,
      transactionId: '',
      occurredAt: new Date(timestamp),
    })
  })

  it('has the type of its topic where that holds one type only', () => {
    expect(receiving(router([], 'order.created'))).toMatchObject({ kind: 'event', type: 'order.created' })
    expect(receiving(router())).toMatchObject({ kind: 'other', type: undefined })
  })

  it('has no type where its topic holds several', () => {
    const data = z.object({})
    const one = event('one.done', { aggregate: 'one', id: () => 'x', topic: 'both', data })
    const two = event('two.done', { aggregate: 'two', id: () => 'x', topic: 'both', data })
    const receive = receiver([on(one, () => undefined), on(two, () => undefined)])
    expect(receive(router([], 'both'))).toMatchObject({ kind: 'other' })
  })

  it('is checked, and is what onewrite would have stored', () => {
    const dated = { ...router([['type', 'order.created']]) }
    const text = '{"orderId": "o-1", "total": "1", "placedAt": "2026-11-21", "extra": 1}'
    const { data } = readEvent(eventOf(receiving({ ...dated, value: Buffer.from(text) })))
    expect(data).toEqual({ orderId: 'o-1', total: '1', placedAt: '2026-11-21T00:00:00.000Z' })
  })
})

it('a definition is known by its type, not by its place in the list', () => {
  const data = z.object({})
  const Shipped = event('order.shipped', { aggregate: 'order', id: () => 'x', data })
  const receive = receiver([on(Shipped, () => undefined), on(OrderCreated, () => undefined)])
  expect(eventOf(receive(written())).handler.definition).toBe(OrderCreated)
})
