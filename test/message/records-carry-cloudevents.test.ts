import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { topicNaming } from '../../src/message/topic.ts'

const stored: RawEvent = {
  position: '41',
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  aggregate: 'order',
  aggregateId: 'o-1',
  sequence: '7',
  type: 'order.created',
  version: '2',
  payload: '{"total": 10.50}',
  metadata: '{}',
  occurredAt: '2026-11-21T10:00:00.123456Z',
  transactionId: '812',
  ordinal: 1,
  count: 2,
}
const options = { source: '/orders', topicOf: topicNaming() }
const record = (change: Partial<RawEvent>) => toRecord({ ...stored, ...change }, options)
const headersOf = (metadata: object) => record({ metadata: JSON.stringify(metadata) }).headers

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe('a record', () => {
  it('has the aggregate as key, and CloudEvents in binary mode', () => {
    expect(record({})).toEqual({
      topic: 'order.events',
      key: 'o-1',
      value: '{"total": 10.50}',
      headers: {
        id: '01890a5d-ac96-774b-bcce-b302099a8057',
        'content-type': 'application/json',
        ce_specversion: '1.0',
        ce_id: '01890a5d-ac96-774b-bcce-b302099a8057',
        ce_type: 'order.created',
        ce_source: '/orders',
        ce_subject: 'o-1',
        ce_time: '2026-11-21T10:00:00.123456Z',
        ce_sequence: '0000000000000007',
        ce_dataversion: '2',
        ce_transactionid: '812',
        ce_ordinal: '1',
        ce_count: '2',
      },
    })
  })

  it('has attributes whose names CloudEvents allows', () => {
    const context = { correlationId: 'c', causationId: 'd', traceparent, tracestate: 'a=1' }
    const names = Object.keys(headersOf(context)).filter((name) => name.startsWith('ce_'))
    for (const name of names) expect(name).toMatch(/^ce_[a-z0-9]{1,20}$/)
  })

  it('has sequences that sort as text as they do as numbers', () => {
    const numbers = ['1', '2', '9', '10', '99', '100', '9007199254740991']
    const texts = numbers.map((sequence) => String(record({ sequence }).headers['ce_sequence']))
    expect([...texts].sort()).toEqual(texts)
    expect(texts.map(BigInt)).toEqual(numbers.map(BigInt))
  })

  it.each([
    ['a decimal that a float cannot hold', '{"total": 0.1000000000000000055511151231257827}'],
    ['cents at the end', '{"total": 10.50, "text": "10.50"}'],
    ['an integer above 2^53', '{"id": 9007199254740993}'],
    ['a number beyond a double', '{"n": 1e400}'],
    ['what is not JSON at all', 'not json \u2713'],
  ])('passes the payload through byte for byte: %s', (_, payload) => {
    expect(record({ payload }).value).toBe(payload)
  })
})

describe('context from the metadata', () => {
  it('becomes headers, and nothing else of the metadata does', () => {
    const context = { correlationId: 'c-1', causationId: 'd-1', traceparent, tracestate: 'vendor=1' }
    const { headers } = record({ metadata: JSON.stringify({ ...context, actor: 'u-1', secret: 's' }) })
    expect(headers).toEqual({
      ...record({}).headers,
      ce_correlationid: 'c-1',
      ce_causationid: 'd-1',
      traceparent,
      tracestate: 'vendor=1',
    })
  })

  it('is read from the top level alone', () => {
    expect(headersOf({ nested: { correlationId: 'x', traceparent } })).toEqual(record({}).headers)
    expect(headersOf({ actor: '"correlationId": "x"' })).toEqual(record({}).headers)
  })

  it.each([
    ['another format', 'abc'],
    ['an invalid version', traceparent.replace('00-', 'ff-')],
    ['a trace of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['a span of zeros', `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`],
    ['capitals', traceparent.toUpperCase()],
    ['a line feed at its end', `${traceparent}\nx`],
  ])('leaves out a traceparent of %s, and the tracestate with it', (_, wrong) => {
    expect(headersOf({ traceparent: wrong, tracestate: 'a=1' })).toEqual(record({}).headers)
  })

  it.each([
    ['numbers', { correlationId: 1 }],
    ['null', { correlationId: null, traceparent: null }],
    ['what is too long', { correlationId: 'x'.repeat(501) }],
    ['control characters alone', { correlationId: '\n' }],
  ])('leaves out %s', (_, metadata) => {
    expect(headersOf(metadata)).toEqual(record({}).headers)
  })

  it.each(['', 'null', '[]', '{"correlationId"', '"correlationId"'])(
    'never keeps an event from being published: %s',
    (metadata) => {
      expect(record({ metadata }).headers).toEqual(record({}).headers)
    },
  )
})

describe('header values', () => {
  it('hold no control characters, lone surrogates or noncharacters, whoever wrote the row', () => {
    const text = fc.string({ unit: 'binary' })
    const lone = fc.string({
      unit: fc.constantFrom('\r', '\n', '\0', '\u0085', '\ud800', '\udfff', '\uffff', 'a', 'ü'),
    })
    fc.assert(
      fc.property(fc.oneof(text, lone), (value) => {
        const { headers } = toRecord(
          {
            ...stored,
            type: value,
            aggregateId: value,
            metadata: JSON.stringify({ correlationId: value, tracestate: value, traceparent }),
          },
          { ...options, topicOf: () => 'orders' },
        )
        for (const header of Object.values(headers)) {
          expect(String(header)).not.toMatch(/[\p{Control}\p{Surrogate}\p{Noncharacter_Code_Point}]/u)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('keep text that is neither', () => {
    const aggregateId = 'Bestellung ü ✓ 😀 100%'
    expect(record({ aggregateId }).headers['ce_subject']).toBe(aggregateId)
    expect(record({ type: 'order\r\ncreated' }).headers['ce_type']).toBe('ordercreated')
  })
})
