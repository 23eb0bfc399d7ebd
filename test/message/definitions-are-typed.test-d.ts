import * as v from 'valibot'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { catalogue } from '../../src/message/catalogue.ts'
import type { EventOf, NewEventOf } from '../../src/message/definition.ts'
import { command, event } from '../../src/message/event.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import type { RecordedEvent } from '../../src/message/recorded-event.ts'
import type { Stored } from '../../src/message/stored.ts'

const OrderCreated = event('order.created', {
  aggregate: 'order',
  id: (data) => data.orderId,
  version: 2,
  data: z.object({
    orderId: z.string(),
    total: z.string().transform(Number),
    note: z.string().default(''),
    placedAt: z.date(),
  }),
  upcast: { 1: (old) => ({ ...old, total: old.sum }) },
})
type OrderCreated = EventOf<typeof OrderCreated>

const placedAt = new Date()

test('data is what the schema takes', () => {
  OrderCreated({ orderId: 'o-1', total: '10', placedAt })
  OrderCreated({ orderId: 'o-1', total: '10', note: 'x', placedAt }, { metadata: { actor: 'u-1', other: 1 } })
  // @ts-expect-error total is missing
  OrderCreated({ orderId: 'o-1', placedAt })
  // @ts-expect-error total must be a text before the schema
  OrderCreated({ orderId: 'o-1', total: 10, placedAt })
  // @ts-expect-error tootal is not a property of the data
  OrderCreated({ orderId: 'o-1', total: '10', placedAt, tootal: '10' })
  // @ts-expect-error occurredAt is a Date
  OrderCreated({ orderId: 'o-1', total: '10', placedAt }, { occurredAt: '2026-01-01' })
})

test('an event holds what the schema puts out, under its type', () => {
  type Data = { orderId: string; total: number; note: string; placedAt: Date }
  const made = OrderCreated({ orderId: 'o-1', total: '10', placedAt })
  expectTypeOf(made).toEqualTypeOf<NewEvent<'order.created', Data>>()
  expectTypeOf<NewEventOf<typeof OrderCreated>>().toEqualTypeOf(made)
})

test('an event that is read back holds what JSON makes of it', () => {
  type Data = { orderId: string; total: number; note: string; placedAt: string }
  expectTypeOf<OrderCreated>().toEqualTypeOf<RecordedEvent<'order.created', Data>>()
  expectTypeOf<Stored<{ a?: Date[]; b: [Date, 1]; c: unknown }>>().toEqualTypeOf<{
    a?: string[]
    b: [string, 1]
    c: unknown
  }>()
})

test('a definition is checked where it is written', () => {
  const data = z.object({ orderId: z.string() })
  // @ts-expect-error the id is a text
  event('order.created', { aggregate: 'order', id: () => 1, data })
  // @ts-expect-error the data has no id
  event('order.created', { aggregate: 'order', id: (order) => order.id, data })
  // @ts-expect-error aggregate is missing
  event('order.created', { id: () => 'o-1', data })
  // @ts-expect-error verison is not an option
  event('order.created', { aggregate: 'order', id: () => 'o-1', data, verison: 2 })
  // @ts-expect-error a schema is needed
  event('order.created', { aggregate: 'order', id: () => 'o-1', data: {} })
  // @ts-expect-error a definition cannot be changed
  OrderCreated.version = 3
})

test('any Standard Schema gives types, for commands too', () => {
  const ChargePayment = command('charge-payment', {
    aggregate: 'payment',
    id: (data) => data.paymentId,
    data: v.object({ paymentId: v.string(), amount: v.optional(v.string(), '0') }),
  })
  expectTypeOf(ChargePayment).parameter(0).toEqualTypeOf<{ paymentId: string; amount?: string | undefined }>()
  expectTypeOf(ChargePayment.kind).toEqualTypeOf<'command'>()
  expectTypeOf(ChargePayment.type).toEqualTypeOf<'charge-payment'>()
  expectTypeOf(catalogue).toBeCallableWith([OrderCreated, ChargePayment])
})
