import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AsyncSchemaError, InvalidEventError } from '../../src/error/classes.ts'
import { event } from '../../src/message/event.ts'

interface Order {
  orderId: string
  items: { sku: string; quantity: number }[]
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const isOrder = (value: unknown): value is Order => {
  if (!isRecord(value) || typeof value['orderId'] !== 'string' || !Array.isArray(value['items'])) return false
  return value['items'].every((item) => isRecord(item) && typeof item['sku'] === 'string')
}

const handWritten: StandardSchemaV1<Order, Order> = {
  '~standard': {
    version: 1,
    vendor: 'none',
    validate: (value) =>
      isOrder(value)
        ? { value }
        : {
            issues: [
              { message: 'orderId is missing' },
              { message: 'must be a number', path: [{ key: 'items' }, { key: 1 }, { key: 'quantity' }] },
            ],
          },
  },
}

const options = { aggregate: 'order', id: (data: { orderId: string }) => data.orderId }

const definitions = {
  zod: event('order.created', {
    ...options,
    data: z.object({
      orderId: z.string(),
      items: z.array(z.object({ sku: z.string(), quantity: z.number() })),
    }),
  }),
  valibot: event('order.created', {
    ...options,
    data: v.object({
      orderId: v.string(),
      items: v.array(v.object({ sku: v.string(), quantity: v.number() })),
    }),
  }),
  'hand-written': event('order.created', { ...options, data: handWritten }),
}

const valid = { orderId: 'o-1', items: [{ sku: 'a', quantity: 1 }] }

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe.each(Object.entries(definitions))('a %s schema', (_, OrderCreated) => {
  it('accepts valid data', () => {
    expect(OrderCreated(valid)).toMatchObject({ data: valid, aggregateId: 'o-1' })
  })

  it('refuses invalid data with every fault and its path', () => {
    const input = {
      items: [
        { sku: 'a', quantity: 1 },
        { sku: 'b', quantity: 'two' },
      ],
    }
    // @ts-expect-error orderId is missing and quantity is no number
    const error = thrownBy(() => OrderCreated(input))
    expect(error).toBeInstanceOf(InvalidEventError)
    expect(String(error)).toContain('invalid data for order.created')
    expect(String(error)).toContain('orderId')
    expect(String(error)).toContain('items[1].quantity: ')
  })
})

describe('a schema', () => {
  it('that transforms decides what is recorded: its output, not its input', () => {
    const Priced = event('item.priced', {
      aggregate: 'item',
      id: (data) => data.sku,
      data: z.object({ sku: z.string().trim(), price: z.number().transform((price) => price.toFixed(2)) }),
    })
    expect(Priced({ sku: ' a ', price: 1.5 })).toMatchObject({
      aggregateId: 'a',
      data: { sku: 'a', price: '1.50' },
    })
  })

  it('that validates asynchronously is refused, and its later rejection ends nothing', async () => {
    const failing: StandardSchemaV1<Order, Order> = {
      '~standard': { version: 1, vendor: 'none', validate: () => Promise.reject(new Error('lost')) },
    }
    const slow = z.object({ orderId: z.string().refine(() => Promise.resolve(true)) })
    expect(() => event('order.created', { ...options, data: failing })(valid)).toThrow(AsyncSchemaError)
    expect(() => event('order.created', { ...options, data: slow })(valid)).toThrow(AsyncSchemaError)
    // An unhandled rejection would fail the run after this turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('with very many faults gives a message that is still readable', () => {
    const Numbers = event('numbers.given', {
      aggregate: 'numbers',
      id: () => 'n',
      data: z.object({ values: z.array(z.number()) }),
    })
    const values = Array.from({ length: 10_000 }, () => 'x')
    // @ts-expect-error texts are no numbers
    const message = String(thrownBy(() => Numbers({ values })))
    expect(message).toContain('values[99]: ')
    expect(message).toContain('; and 9900 more')
    expect(message).not.toContain('values[100]')
  })
})

describe('what is given beside the data', () => {
  const OrderCreated = definitions.zod

  it('is refused with all faults at once, together with those of the data', () => {
    const error = thrownBy(() =>
      OrderCreated(
        // @ts-expect-error orderId must be a text
        { orderId: 1, items: [] },
        {
          id: 'not-a-uuid',
          occurredAt: new Date(Number.NaN),
          metadata: { correlationId: '', traceparent: 'x'.repeat(56), tenant: 'acme' },
        },
      ),
    )
    expect(error).toBeInstanceOf(InvalidEventError)
    for (const fault of [
      'orderId: ',
      'id: must be a UUID',
      'occurredAt: must be a valid Date',
      'metadata.correlationId: must be a text',
      'metadata.traceparent: is 56 characters, the limit is 55',
    ]) {
      expect(String(error)).toContain(fault)
    }
  })

  it.each([
    ['', 'must be a text that is not empty'],
    ['a\nb', 'control characters'],
    ['a\0b', 'control characters'],
    ['a\u009fb', 'control characters'],
    ['a\ud800', 'lone surrogates'],
    ['ü'.repeat(251), 'is 502 bytes, the limit is 500'],
  ])('refuses %j as the id of an aggregate, for it becomes a key and a header', (orderId, fault) => {
    expect(() => OrderCreated({ orderId, items: [] })).toThrow(fault)
  })

  it.each(['o', 'ü'.repeat(250), 'order 1/2 ✓', '😀'])('accepts %j as the id of an aggregate', (orderId) => {
    expect(OrderCreated({ orderId, items: [] }).aggregateId).toBe(orderId)
  })
})
