import { topicMessage } from 'onewrite'
import { z } from 'zod'

/**
 * Written by others, by hand too: without an id of its own, without a key. Whoever sends what cannot be read is told by
 * the log alone.
 */
export const OrderCancelled = topicMessage('order.cancelled', {
  topic: 'order.cancelled',
  aggregate: 'order',
  key: ({ orderId }) => orderId,
  data: z.object({ orderId: z.guid().toLowerCase(), reason: z.string().nullish() }),
  unreadable: 'skip',
})
