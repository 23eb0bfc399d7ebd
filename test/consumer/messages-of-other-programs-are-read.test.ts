import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { cloudEvents, json } from '../../src/consumer/message/decoding.ts'
import { readEvent } from '../../src/consumer/message/read-event.ts'
import { receiver } from '../../src/consumer/message/receive.ts'
import { topicMessage } from '../../src/consumer/message/topic-message.ts'
import { on } from '../../src/consumer/on.ts'
import type { HeaderList } from '../../src/message/outgoing-record.ts'
import type { DeliveredRecord } from '../../src/transport/subscriber.ts'
import { eventId, eventOf, foreign, OrderCreated, receiving, timestamp, written } from './delivered.ts'

const data = z.object({ orderId: z.string(), reason: z.string().default('none given') })
const nothing = () => undefined

const Cancelled = topicMessage('order.cancelled', { topic: 'order.cancelled', aggregate: 'order', data })
const Keyed = topicMessage('order.cancelled', {
  topic: 'order.cancelled',
  aggregate: 'order',
  data: data.extend({ eventId: z.string().optional() }),
  key: ({ orderId }) => orderId,
  id: (cancelled) => cancelled.eventId,
})

const plain = '{"orderId": "o-1"}'

describe('plain JSON', () => {
  const receive = receiver([on(Cancelled, nothing), on(OrderCreated, nothing)])

  it('is what its topic holds, and handlers get what the schema puts out', () => {
    const received = eventOf(receive(foreign({ key: 'o-1', value: plain })))
    expect(received).toMatchObject({
      type: 'order.cancelled',
      identified: false,
      id: `order.cancelled/3/5@${timestamp}`,
    })
    expect(readEvent(received)).toMatchObject({
      aggregate: 'order',
      aggregateId: 'o-1',
      data: { orderId: 'o-1', reason: 'none given' },
      occurredAt: new Date(timestamp),
    })
  })

  it('is another message once its topic was deleted and made again', () => {
    const ids = [timestamp, timestamp + 1, undefined].map(
      (written) => receive(foreign({ value: plain, timestamp: written })).id,
    )
    expect(new Set(ids).size).toBe(3)
  })

  it('keeps what JSON has no type for, because nothing is stored in between', () => {
    const Dated = topicMessage('a.dated', {
      topic: 'a',
      aggregate: 'a',
      data: z.object({ at: z.coerce.date() }),
    })
    const value = '{"at": "2026-11-21"}'
    const received = eventOf(receiver([on(Dated, nothing)])(foreign({ topic: 'a', value })))
    expect(readEvent(received).data).toEqual({ at: new Date('2026-11-21') })
  })

  it('waits in one lane with the events of its aggregate', () => {
    const cancelled = eventOf(receive(foreign({ key: 'o-1', value: plain })))
    expect(cancelled.lane).toBe(eventOf(receive(written())).lane)
  })

  it('has the id that a header holds', () => {
    const known = receive(foreign({ value: plain, headers: [['id', eventId]] }))
    expect(known).toMatchObject({ id: eventId, identified: true })
  })

  it('may share its topic with an event that says what it is', () => {
    const received = eventOf(receive({ ...written(), topic: 'order.cancelled' }))
    expect(received.type).toBe('order.created')
  })

  it('is read late: nothing of the value is needed to receive it', () => {
    expect(receive(foreign({ key: 'o-1', value: '{' })).kind).toBe('event')
  })

  it('of several types in one topic is told by a header', () => {
    const Refunded = topicMessage('order.refunded', { topic: 'order.cancelled', aggregate: 'order', data })
    const both = receiver([on(Cancelled, nothing), on(Refunded, nothing)])
    const typed = (type: string) => both(foreign({ value: plain, headers: [['type', type]] }))
    expect(typed('order.refunded')).toMatchObject({ kind: 'event', type: 'order.refunded' })
    expect(typed('order.cancelled')).toMatchObject({ kind: 'event', type: 'order.cancelled' })
    expect(typed('order.lost')).toMatchObject({ kind: 'other', type: 'order.lost' })
    expect(both(foreign({ value: plain }))).toMatchObject({ kind: 'other', type: undefined })
  })

  it('is not opened as a CloudEvent, whatever its headers say', () => {
    const headers: HeaderList = [['content-type', 'application/cloudevents+json']]
    const received = eventOf(receive(foreign({ value: plain, headers })))
    expect(readEvent(received).data).toMatchObject({ orderId: 'o-1' })
  })
})

describe('id and key that are declared from the data', () => {
  const receive = receiver([on(Keyed, nothing)])
  const told = '{"orderId": "o-1", "eventId": "e-9"}'

  it('stand where the record has none', () => {
    const received = eventOf(receive(foreign({ value: told })))
    expect(received).toMatchObject({ id: 'order.cancelled e-9', identified: true })
    expect(received.queue).toEqual({ scope: 'key', topic: 'order', subject: Buffer.from('o-1') })
    expect(readEvent(received)).toMatchObject({ id: 'order.cancelled e-9', aggregateId: 'o-1' })
  })

  it('find the same message again, wherever it is sent', () => {
    const ids = ['5', '6'].map((offset) => receive(foreign({ value: told, offset })).id)
    expect(ids).toEqual(['order.cancelled e-9', 'order.cancelled e-9'])
  })

  it('give way to those of the record', () => {
    const both = { key: 'k-1', headers: [['id', eventId]] } as const
    const received = eventOf(receive(foreign({ ...both, value: told })))
    expect(received).toMatchObject({ id: eventId, queue: { subject: Buffer.from('k-1') } })
    expect(readEvent(received).aggregateId).toBe('k-1')
    const keyed = eventOf(receive(foreign({ key: 'k-1', value: told })))
    expect(keyed).toMatchObject({ id: 'order.cancelled e-9', queue: { subject: Buffer.from('k-1') } })
    expect(readEvent(keyed).aggregateId).toBe('k-1')
    const named = receive(foreign({ value: told, headers: both.headers }))
    expect(named).toMatchObject({ id: eventId, queue: { subject: Buffer.from('o-1') } })
  })

  it('are not asked for where the record has both: the value is then read late', () => {
    const unread = foreign({ key: 'k-1', value: '{', headers: [['id', eventId]] })
    expect(receive(unread).kind).toBe('event')
    const [idOnly, keyOnly] = [{ id: () => 'x' }, { key: () => 'x' }].map((asked) =>
      receiver([on(topicMessage('a.b', { topic: 'a', aggregate: 'a', data, ...asked }), nothing)]),
    )
    expect(idOnly?.({ ...unread, topic: 'a', key: null }).kind).toBe('event')
    expect(keyOnly?.({ ...unread, topic: 'a', headers: [] }).kind).toBe('event')
  })

  it('may be missing in a message: its place stands for the id, and that is said', () => {
    const received = eventOf(receive(foreign({ value: plain })))
    expect(received).toMatchObject({ id: `order.cancelled/3/5@${timestamp}`, identified: false })
    expect(readEvent(received).identified).toBe(false)
  })

  it('are unique only among messages of their type', () => {
    const Refunded = topicMessage('order.refunded', {
      topic: 'refunds',
      aggregate: 'order',
      data,
      id: ({ orderId }) => orderId,
    })
    const Ended = topicMessage('order.ended', {
      topic: 'ends',
      aggregate: 'order',
      data,
      id: ({ orderId }) => orderId,
    })
    const both = receiver([on(Refunded, nothing), on(Ended, nothing)])
    const ids = ['refunds', 'ends'].map((topic) => both(foreign({ topic, value: plain })).id)
    expect(ids).toEqual(['order.refunded o-1', 'order.ended o-1'])
  })

  it('are not parsed twice', () => {
    let parsed = 0
    const counting = json({ parse: (text) => [JSON.parse(text), parsed++][0] })
    const Counted = topicMessage('c.done', {
      topic: 'c',
      aggregate: 'c',
      data,
      decode: counting,
      key: () => 'k',
    })
    readEvent(eventOf(receiver([on(Counted, nothing)])(foreign({ topic: 'c', value: plain }))))
    expect(parsed).toBe(1)
  })
})

/** As in the Kafka protocol binding for CloudEvents 1.0.2, with this test's names. */
const binary = (change: HeaderList = []): DeliveredRecord =>
  foreign({
    topic: 'mytopic',
    value: plain,
    headers: [
      ['ce_specversion', '1.0'],
      ['ce_type', 'com.example.someevent'],
      ['ce_source', '/mycontext/subcontext'],
      ['ce_id', '1234-1234-1234'],
      ['ce_time', '2018-04-05T03:56:24Z'],
      ['ce_subject', 'o-1'],
      ['content-type', 'application/json'],
      ...change,
    ],
  })

const structured = (change: object = {}, headers: HeaderList = []): DeliveredRecord =>
  foreign({
    topic: 'mytopic',
    headers,
    value: JSON.stringify({
      specversion: '1.0',
      type: 'com.example.someevent',
      source: '/mycontext/subcontext',
      id: '1234-1234-1234',
      time: '2018-04-05T03:56:24Z',
      subject: 'o-1',
      datacontenttype: 'application/json',
      data: { orderId: 'o-1' },
      ...change,
    }),
  })

const contentType: HeaderList = [['content-type', 'application/cloudevents+json; charset=UTF-8']]

describe('a CloudEvent', () => {
  const Some = topicMessage('com.example.someevent', {
    topic: 'mytopic',
    aggregate: 'order',
    data,
    decode: cloudEvents(),
  })
  const receive = receiver([on(Some, nothing)])

  it.each([
    ['binary mode', binary()],
    ['binary mode of a vendor type', binary([['content-type', 'application/vnd.acme+json']])],
    ['structured mode', structured({}, contentType)],
    ['structured mode that does not say so', structured()],
    [
      'structured mode with base64',
      structured({ data: undefined, data_base64: Buffer.from(plain).toString('base64') }, contentType),
    ],
  ])('in %s is read', (_, record) => {
    const received = eventOf(receive(record))
    expect(received).toMatchObject({
      type: 'com.example.someevent',
      id: '/mycontext/subcontext 1234-1234-1234',
      identified: true,
    })
    expect(received.queue).toEqual({ scope: 'key', topic: 'order', subject: Buffer.from('o-1') })
    expect(readEvent(received)).toMatchObject({
      aggregateId: 'o-1',
      data: { orderId: 'o-1', reason: 'none given' },
      occurredAt: new Date('2018-04-05T03:56:24Z'),
    })
  })

  it('is in order by its key before its subject', () => {
    const received = eventOf(receive({ ...structured(), key: Buffer.from('k') }))
    expect(received.queue.subject).toEqual(Buffer.from('k'))
    expect(readEvent(received).aggregateId).toBe('k')
  })

  it('of another type in that topic is other', () => {
    expect(receive(binary([['ce_type', 'com.example.other']]))).toMatchObject({ kind: 'other' })
    expect(receive(structured({ type: 'com.example.other' }))).toMatchObject({
      kind: 'other',
      type: 'com.example.other',
    })
  })

  it('carries its context along', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const context = { traceparent, tracestate: 'a=1', correlationid: 'c', causationid: 'd' }
    const metadata = { traceparent, tracestate: 'a=1', correlationId: 'c', causationId: 'd' }
    expect(readEvent(eventOf(receive(structured(context)))).metadata).toEqual(metadata)
    const headers = Object.entries(context).map(([name, value]) => [`ce_${name}`, value] as const)
    expect(readEvent(eventOf(receive(binary(headers)))).metadata).toEqual(metadata)
  })

  it('of a type that was defined is checked by its definition, from any topic', () => {
    const found = { type: 'order.created', data: { orderId: 'o-1', total: '10.50', more: 1 } }
    const received = eventOf(receiving(structured(found, contentType)))
    expect(readEvent(received)).toMatchObject({
      type: 'order.created',
      version: 2,
      aggregateId: 'o-1',
      data: { orderId: 'o-1', total: '10.50' },
    })
    const old = { type: 'order.created', dataversion: '1', data: { orderId: 'o-1', amount: 10.5 } }
    expect(readEvent(eventOf(receiving(structured(old, contentType)))).data).toEqual({
      orderId: 'o-1',
      total: '10.5',
    })
  })

  it('with a version and a transaction in structured mode is no fact of ours', () => {
    const posing = { type: 'order.created', dataversion: '2', transactionid: '1', data: { orderId: 7 } }
    expect(() => readEvent(eventOf(receiving(structured(posing, contentType))))).toThrow('orderId')
  })
})
