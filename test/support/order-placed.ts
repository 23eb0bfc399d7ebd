import { z } from 'zod'
import { event } from '../../src/message/event.ts'
import type { NewEvent } from '../../src/message/new-event.ts'

/** An event to record where a test does not care which. */
export const OrderPlaced = event('order.placed', {
  aggregate: 'order',
  id: (data) => data.orderId,
  data: z.object({ orderId: z.string(), note: z.unknown().optional() }),
})

/** One event of each order named. */
export const placed = (...orderIds: readonly string[]): readonly NewEvent[] =>
  orderIds.map((orderId) => OrderPlaced({ orderId }))
