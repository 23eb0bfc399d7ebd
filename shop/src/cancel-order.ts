import { consumer, type Outcome, on, skip, type Transaction } from 'onewrite'
import { OrderCancelled } from './order-cancelled.ts'

// A second cancellation changes nothing, not even the time of the first; and no clock takes an order back in time.
const cancel = `
  update orders set status = 'CANCELLED', updated_at = greatest(updated_at, $2)
   where id = $1 and status <> 'CANCELLED'`

const selectStatus = 'select status from orders where id = $1'

/** An order that cannot be cancelled is nobody's failure: the log says why. */
const cancelOrder = async (tx: Transaction, orderId: string): Promise<Outcome | undefined> => {
  const { rowCount } = await tx.query(cancel, [orderId, new Date()])
  if (rowCount === 1) return undefined
  const { rows } = await tx.query(selectStatus, [orderId])
  return skip(rows.length === 0 ? `there is no order ${orderId}` : `order ${orderId} is cancelled already`)
}

/** Cancels orders as the topic `order.cancelled` says. */
export const orderCancelling = consumer('order-service', [
  on(OrderCancelled, ({ event, tx }) => cancelOrder(tx, event.data.orderId)),
])
