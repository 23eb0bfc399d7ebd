import { event, newId } from 'onewrite'
import { z } from 'zod'
import { toJsonNumber } from './money.ts'
import type { Order } from './order.ts'

const CreatedItem = z.object({
  productId: z.guid(),
  quantity: z.int().positive(),
  unitPrice: z.number().positive(),
})

/** The topic is the type. Amounts are JSON numbers, as this event's readers expect. */
export const OrderCreated = event('order.created', {
  aggregate: 'order',
  id: (data) => data.orderId,
  version: 1,
  data: z.object({
    eventId: z.guid(),
    orderId: z.guid(),
    customerId: z.guid(),
    totalAmount: z.number().positive(),
    items: z.array(CreatedItem).min(1),
    occurredAt: z.iso.datetime(),
  }),
})

/** `eventId` in the data repeats the id of the event, for readers that do not look at headers. */
export const orderCreated = (order: Order) => {
  const id = newId()
  const data = {
    eventId: id,
    orderId: order.id,
    customerId: order.customerId,
    totalAmount: toJsonNumber(order.total),
    items: order.items.map((item) => ({ ...item, unitPrice: toJsonNumber(item.unitPrice) })),
    occurredAt: order.createdAt.toISOString(),
  }
  return OrderCreated(data, { id, occurredAt: order.createdAt })
}
