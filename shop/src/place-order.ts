import { createHash } from 'node:crypto'
import { append, isOnewriteError, newId, type Transaction } from 'onewrite'
import { createOrder, type Order, type OrderDraft } from './order.ts'
import { orderCreated } from './order-events.ts'

/** The part of the running service that placing an order needs. */
export interface Recording {
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
}

/** The key was used before, for another order. */
export class IdempotencyKeyReused extends Error {
  override readonly name = 'IdempotencyKeyReused'

  constructor() {
    super('Idempotency-Key was already used with another request body')
  }
}

// Insert first: a second order of the same key waits here until the first has committed or rolled back, and
// then finds its row or takes its place. Looking first would let both through.
const insertOrder = `
  insert into orders
         (id, customer_id, status, total, created_at, updated_at, idempotency_key, input_fingerprint)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict do nothing`

const insertItems = `
  insert into order_items (order_id, line, product_id, quantity, unit_price)
  select $1, item.line, item.product_id, item.quantity, item.unit_price
    from unnest($2::uuid[], $3::int[], $4::numeric[])
         with ordinality as item (product_id, quantity, unit_price, line)`

const selectEarlier = `
  select id, input_fingerprint = $3 as same_input from orders where id = $1 or idempotency_key = $2`

/** Equal for equal input, however its JSON was spelled. */
const fingerprint = ({ customerId, items }: Order): Buffer => {
  const lines = items.map(({ productId, quantity, unitPrice }) => [productId, quantity, unitPrice])
  return createHash('sha256')
    .update(JSON.stringify([customerId, lines]))
    .digest()
}

interface Attempt {
  readonly order: Order
  readonly event: ReturnType<typeof orderCreated>
  readonly key: string | null
  readonly input: Buffer | null
}

const orderColumns = ({ order, key, input }: Attempt): unknown[] => [
  order.id,
  order.customerId,
  order.status,
  order.total,
  order.createdAt,
  order.updatedAt,
  key,
  input,
]

const itemColumns = ({ id, items }: Order): unknown[] => [
  id,
  items.map((item) => item.productId),
  items.map((item) => item.quantity),
  items.map((item) => item.unitPrice),
]

const earlierOrder = async (tx: Transaction, { order, key, input }: Attempt): Promise<string> => {
  const { rows } = await tx.query<{ id: string; same_input: boolean | null }>(selectEarlier, [
    order.id,
    key,
    input,
  ])
  const [earlier] = rows
  if (earlier === undefined) throw new Error(`order ${order.id} conflicts with a row that is not visible`)
  // Our own id: an attempt whose COMMIT was not answered had committed after all.
  if (earlier.id !== order.id && earlier.same_input !== true) throw new IdempotencyKeyReused()
  return earlier.id
}

const record = async (tx: Transaction, attempt: Attempt): Promise<string> => {
  const { rowCount } = await tx.query(insertOrder, orderColumns(attempt))
  if (rowCount === 0) return earlierOrder(tx, attempt)
  await tx.query(insertItems, itemColumns(attempt.order))
  await append(tx, [attempt.event], { expected: 'no-stream' })
  return attempt.order.id
}

const attempts = 3

const isRepeatable = (error: unknown): boolean =>
  isOnewriteError(error, 'COMMIT_UNKNOWN') || isOnewriteError(error, 'TRANSACTION_LOST')

/**
 * Records the order and its event in one commit and returns the id of the order: the first one's, where the
 * key was used before with the same input.
 *
 * @throws OrderRefused, IdempotencyKeyReused
 */
export const placeOrder = async (
  recording: Recording,
  draft: OrderDraft,
  idempotencyKey?: string,
): Promise<string> => {
  const order = createOrder(draft, newId(), new Date())
  const key = idempotencyKey ?? null
  const attempt = { order, event: orderCreated(order), key, input: key === null ? null : fingerprint(order) }
  for (let left = attempts - 1; ; left--) {
    try {
      return await recording.transaction((tx) => record(tx, attempt))
    } catch (error) {
      // The same ids again: if the commit had gone through, the insert finds its own row.
      if (left === 0 || !isRepeatable(error)) throw error
    }
  }
}
