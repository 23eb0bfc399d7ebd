import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  MissingUpcasterError,
  UnknownEventTypeError,
  UnknownEventVersionError,
  UnreadableEventError,
} from '../../src/error/classes.ts'
import { catalogue } from '../../src/message/catalogue.ts'
import { decode } from '../../src/message/decode.ts'
import { event } from '../../src/message/event.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'

const options = { aggregate: 'order', id: () => 'o-1', data: z.object({}).loose() }

const OrderCreated = event('order.created', {
  ...options,
  version: 3,
  upcast: {
    1: (old) => ({ ...old, totalAmount: old.total }),
    2: (old) => ({ ...old, currency: 'EUR' }),
  },
})
const OrderShipped = event('order.shipped', { ...options, version: 2 })
const OrderCancelled = event('order.cancelled', options)
const known = catalogue([OrderCreated, OrderShipped, OrderCancelled])

const stored: RawEvent = {
  position: '9007199254740993',
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  aggregate: 'order',
  aggregateId: 'o-1',
  sequence: '7',
  type: 'order.created',
  version: '1',
  payload: '{"total": "10.00"}',
  metadata: '{"actor": "u-1"}',
  occurredAt: '2026-11-21T10:00:00.123456Z',
  transactionId: '812',
  ordinal: 1,
  count: 2,
}

describe('a stored event', () => {
  it('is read as the latest version, one upcaster after the other', () => {
    expect(decode(known, stored)).toEqual({
      position: 9007199254740993n,
      id: stored.id,
      aggregate: 'order',
      aggregateId: 'o-1',
      sequence: 7,
      type: 'order.created',
      version: 3,
      data: { total: '10.00', totalAmount: '10.00', currency: 'EUR' },
      metadata: { actor: 'u-1' },
      occurredAt: new Date('2026-11-21T10:00:00.123Z'),
      transactionId: '812',
      ordinal: 1,
      count: 2,
    })
    const second = { ...stored, version: '2', payload: '{"totalAmount": "10.00"}' }
    expect(decode(known, second).data).toEqual({ totalAmount: '10.00', currency: 'EUR' })
    expect(decode(known, { ...second, version: '3' }).data).toEqual({ totalAmount: '10.00' })
  })

  it('is not validated again: what was recorded is a fact', () => {
    const Strict = event('order.created', { ...options, data: z.object({ total: z.number() }) })
    expect(decode(catalogue([Strict]), stored).data).toEqual({ total: '10.00' })
  })

  it('of an unknown type is refused, with the type that was probably meant', () => {
    const decoding = () => decode(known, { ...stored, type: 'order.canceled' })
    expect(decoding).toThrow(UnknownEventTypeError)
    expect(decoding).toThrow(
      /order\.created, order\.shipped, order\.cancelled; did you mean order\.cancelled\?/,
    )
  })

  it.each(['4', '0', '-1', 'x', ''])('of version %j, which nobody here knows, is refused', (version) => {
    const decoding = () => decode(known, { ...stored, version })
    expect(decoding).toThrow(UnknownEventVersionError)
    expect(decoding).toThrow('knows versions up to 3')
  })

  it('without a way to the latest version is refused, with the upcaster that is missing', () => {
    const decoding = () => decode(known, { ...stored, type: 'order.shipped' })
    expect(decoding).toThrow(MissingUpcasterError)
    expect(decoding).toThrow('stored as version 1, and no upcaster leads from version 1 on to 2')
  })

  it.each([
    ['whose payload is not JSON', { payload: '{' }, 'payload is not JSON'],
    ['whose metadata is not JSON', { metadata: '' }, 'metadata is not JSON'],
    ['whose metadata is not an object', { metadata: '[]' }, 'metadata is not a JSON object'],
    ['whose old data is not an object', { payload: '[1]' }, 'the data of version 1 is not an object'],
  ])('%s is refused by its id', (_, change, fault) => {
    const decoding = () => decode(known, { ...stored, ...change })
    expect(decoding).toThrow(UnreadableEventError)
    expect(decoding).toThrow(`event ${stored.id} of type order.created cannot be decoded: ${fault}`)
  })

  it('whose upcaster throws is refused with that error as the cause', () => {
    const cause = new Error('no total')
    const Failing = event('order.created', {
      ...options,
      version: 2,
      upcast: {
        1: () => {
          throw cause
        },
      },
    })
    expect(() => decode(catalogue([Failing]), stored)).toThrow(expect.objectContaining({ cause }))
  })
})

describe('hostile JSON', () => {
  const Plain = event('order.created', options)

  it('never changes Object.prototype, whatever its names are, nor does upcasting it', () => {
    const name = fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'polluted', 'total')
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.constant('yes'),
        fc.array(fc.tuple(name, tie('json')), { maxLength: 4 }),
      ),
    }))
    const print = (value: unknown): string =>
      Array.isArray(value)
        ? `{${value.map(([key, member]) => `${JSON.stringify(key)}: ${print(member)}`).join(', ')}}`
        : JSON.stringify(value)
    const before = Object.getOwnPropertyNames(Object.prototype).sort()
    fc.assert(
      fc.property(json, json, (payload, metadata) => {
        const wrapped = `{"__proto__": {"polluted": "yes"}, "constructor": {"prototype": ${print(payload)}}}`
        decode(known, { ...stored, payload: wrapped, metadata: `{"__proto__": ${print(metadata)}}` })
        const data: unknown = JSON.parse(wrapped)
        if (typeof data === 'object' && data !== null) Plain({ ...data })
        expect(Reflect.get({}, 'polluted')).toBeUndefined()
        expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before)
      }),
    )
  })

  it('keeps a member named __proto__ as data, without making it a prototype', () => {
    const Any = event('order.created', { ...options, data: z.any() })
    const input: unknown = JSON.parse('{"__proto__": {"admin": true}, "list": [{"__proto__": 1}]}')
    const { data } = Any(input)
    expect(data.admin).toBeUndefined()
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
    expect(JSON.stringify(data)).toBe(JSON.stringify(input))
  })
})
