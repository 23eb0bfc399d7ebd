import { validate, version } from 'uuid'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { EventTooLargeError } from '../../src/error/classes.ts'
import { command, event } from '../../src/message/event.ts'
import { newId } from '../../src/message/new-id.ts'
import { metadataText, payloadText } from '../../src/message/payload-text.ts'

const data = z.object({ orderId: z.string(), note: z.unknown() })
const id = (order: { orderId: string }) => order.orderId
const OrderCreated = event('order.created', { aggregate: 'order', id, data })

describe('an event', () => {
  it('is complete: id, type, version, aggregate, data, time, metadata', () => {
    const before = Date.now()
    const made = OrderCreated({ orderId: 'o-1', note: null })
    expect(made).toEqual({
      id: expect.any(String),
      type: 'order.created',
      version: 1,
      aggregate: 'order',
      aggregateId: 'o-1',
      data: { orderId: 'o-1', note: null },
      occurredAt: expect.any(Date),
      metadata: {},
    })
    expect(version(made.id)).toBe(7)
    expect(made.occurredAt.getTime()).toBeGreaterThanOrEqual(before)
  })

  it('takes id, time and metadata that are given', () => {
    const occurredAt = new Date('2026-01-02T03:04:05.678Z')
    const metadata = { correlationId: 'c-1', actor: 'u-1', anything: [1] }
    const given = '01890A5D-AC96-774B-BCCE-B302099A8057'
    const made = OrderCreated({ orderId: 'o-1', note: 1 }, { id: given, occurredAt, metadata })
    expect(made).toMatchObject({ occurredAt, metadata })
    // As PostgreSQL prints it: ids are compared as text further on.
    expect(made.id).toBe(given.toLowerCase())
  })

  it('cannot be changed after it was validated, and leaves what the caller owns alone', () => {
    const note = { tags: ['a'], at: new Date(0) }
    const metadata = { actor: 'u-1' }
    const made = OrderCreated({ orderId: 'o-1', note }, { metadata })
    expect(Object.isFrozen(made)).toBe(true)
    expect(Object.isFrozen(made.data)).toBe(true)
    expect(Object.isFrozen(made.metadata)).toBe(true)
    expect(made.data.note).toEqual(note)
    expect(Object.isFrozen(made.data.note)).toBe(true)
    expect(Object.isFrozen(Reflect.get(Object(made.data.note), 'tags'))).toBe(true)
    note.tags.push('b')
    metadata.actor = 'u-2'
    expect(made.data.note).toEqual({ tags: ['a'], at: new Date(0) })
    expect(made.metadata).toEqual({ actor: 'u-1' })
  })

  it('is recorded as the text that was checked', () => {
    const made = OrderCreated({ orderId: 'o-1', note: new Date(0) })
    expect(payloadText(made)).toBe('{"orderId":"o-1","note":"1970-01-01T00:00:00.000Z"}')
    expect(payloadText({ ...made, data: { other: 1 } })).toBe('{"other":1}')
  })

  it('may be larger than the default only where its definition says so', () => {
    const note = 'x'.repeat(1_000_000)
    expect(() => OrderCreated({ orderId: 'o-1', note })).toThrow(EventTooLargeError)
    const Big = event('order.created', { aggregate: 'order', id, data, maxEventBytes: 2_000_000 })
    const made = Big({ orderId: 'o-1', note })
    expect(payloadText(made)).toHaveLength(1_000_027)
    expect(() => payloadText({ ...made })).toThrow(EventTooLargeError)
  })

  it('has metadata of bounded size', () => {
    expect(metadataText({ actor: 'u-1' }, 'order.created')).toBe('{"actor":"u-1"}')
    expect(() => metadataText({ actor: 'x'.repeat(20_000) }, 'order.created')).toThrow(
      /metadata of order.created/,
    )
  })
})

describe('a definition', () => {
  it('shows what it is made of', () => {
    const upcast = { 1: (old: object) => old }
    const Shown = event('order.created', {
      aggregate: 'order',
      id,
      data,
      version: 2,
      upcast,
      topic: 'orders',
    })
    expect({ ...Shown }).toEqual({
      kind: 'event',
      type: 'order.created',
      aggregate: 'order',
      version: 2,
      schema: data,
      upcast,
      topic: 'orders',
      maxEventBytes: 1_000_000,
    })
    expect(Object.isFrozen(Shown)).toBe(true)
    expect(Shown({ orderId: 'o-1', note: 1 }).version).toBe(2)
  })

  it('of a command has the same shape', () => {
    const ChargePayment = command('charge-payment', { aggregate: 'payment', id, data })
    expect(ChargePayment.kind).toBe('command')
    expect(ChargePayment({ orderId: 'o-1', note: 1 })).toMatchObject({
      type: 'charge-payment',
      aggregate: 'payment',
    })
  })
})

it('ids are UUIDs of version 7 that sort by their making', () => {
  const ids = Array.from({ length: 1_000 }, () => newId())
  expect(ids.every((one) => validate(one) && version(one) === 7)).toBe(true)
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids).size).toBe(1_000)
})
