import type { Queryable } from 'onewrite'
import type { Order, OrderItem, OrderStatus } from './order.ts'

interface Row {
  readonly id: string
  readonly customer_id: string
  readonly status: OrderStatus
  readonly total: string
  readonly created_ms: number
  readonly updated_ms: number
  readonly product_id: string | null
  readonly quantity: number
  readonly unit_price: string
}

// One statement, so that the order and its lines come from one snapshot.
const selectOrder = `
  select o.id, o.customer_id, o.status, o.total::text as total,
         (extract(epoch from o.created_at) * 1000)::float8 as created_ms,
         (extract(epoch from o.updated_at) * 1000)::float8 as updated_ms,
         i.product_id, i.quantity, i.unit_price::text as unit_price
    from orders o left join order_items i on i.order_id = o.id
   where o.id = $1
   order by i.line`

const itemsOf = (rows: readonly Row[]): OrderItem[] =>
  rows.flatMap(({ product_id, quantity, unit_price }) =>
    product_id === null ? [] : [{ productId: product_id, quantity, unitPrice: unit_price }],
  )

export const findOrder = async (database: Queryable, id: string): Promise<Order | undefined> => {
  const { rows } = await database.query<Row>(selectOrder, [id])
  const [first] = rows
  if (first === undefined) return undefined
  return {
    id: first.id,
    customerId: first.customer_id,
    status: first.status,
    items: itemsOf(rows),
    total: first.total,
    createdAt: new Date(first.created_ms),
    updatedAt: new Date(first.updated_ms),
  }
}
