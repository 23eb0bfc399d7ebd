import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { topicMessage } from '../../src/consumer/message/topic-message.ts'
import { on } from '../../src/consumer/on.ts'
import { event } from '../../src/message/event.ts'

const data = z.object({ orderId: z.string(), at: z.coerce.date() })

test('a handler of an event gets its data as it is stored', () => {
  const Placed = event('order.placed', { aggregate: 'order', id: ({ orderId }) => orderId, data })
  on(Placed, ({ event: placed }) => {
    expectTypeOf(placed.type).toEqualTypeOf<'order.placed'>()
    expectTypeOf(placed.data).toEqualTypeOf<{ orderId: string; at: string }>()
    expectTypeOf(placed.sequence).toEqualTypeOf<number>()
    expectTypeOf(placed.identified).toEqualTypeOf<boolean>()
  })
})

test('a handler of a message gets what its schema puts out, and nothing that only the log knows', () => {
  const Cancelled = topicMessage('order.cancelled', {
    topic: 'order.cancelled',
    aggregate: 'order',
    data,
    key: (cancelled) => {
      expectTypeOf(cancelled).toEqualTypeOf<{ orderId: string; at: Date }>()
      return cancelled.orderId
    },
    id: (cancelled, record) => `${cancelled.orderId} ${record.offset}`,
  })
  on(Cancelled, async ({ event: cancelled }) => {
    expectTypeOf(cancelled.type).toEqualTypeOf<'order.cancelled'>()
    expectTypeOf(cancelled.data).toEqualTypeOf<{ orderId: string; at: Date }>()
    expectTypeOf(cancelled).not.toHaveProperty('sequence')
  })
})
