import { amountFault, type DecimalInput, sumOf, toAmount } from './money.ts'

export type OrderStatus = 'CREATED' | 'CANCELLED'

/** Amounts are decimal text with two decimals. */
export interface OrderItem {
  readonly productId: string
  readonly quantity: number
  readonly unitPrice: string
}

export interface DraftItem {
  readonly productId: string
  readonly quantity: number
  readonly unitPrice: DecimalInput
}

/** What a customer asks for. Two equal items are two lines of the order. */
export interface OrderDraft {
  readonly customerId: string
  readonly items: readonly DraftItem[]
}

export interface Order {
  readonly id: string
  readonly customerId: string
  readonly status: OrderStatus
  readonly items: readonly OrderItem[]
  readonly total: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** An order cannot be as it was asked for; `faults` names every reason. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('; '))
    this.faults = faults
  }
}

/** One event carries the whole order, so an order has a limit. */
export const maxItems = 1000
export const maxQuantity = 2_147_483_647

export const quantityFault = (quantity: number): string | undefined => {
  if (!Number.isInteger(quantity)) return 'quantity must be an integer'
  if (quantity <= 0) return 'quantity must be positive'
  if (quantity > maxQuantity) return `quantity must be at most ${maxQuantity}`
  return undefined
}

export const unitPriceFault = (unitPrice: DecimalInput): string | undefined => {
  const fault = amountFault(unitPrice)
  return fault && `unitPrice ${fault}`
}

const itemFaults = ({ quantity, unitPrice }: DraftItem): (string | undefined)[] => [
  quantityFault(quantity),
  unitPriceFault(unitPrice),
]

const countFault = (count: number): string | undefined => {
  if (count === 0) return 'items cannot be empty'
  if (count > maxItems) return `items cannot be more than ${maxItems}`
  return undefined
}

const totalFault = (total: string): string | undefined => {
  const fault = amountFault(total)
  return fault && `total ${fault}`
}

const refuse = (faults: readonly (string | undefined)[]): void => {
  const found = faults.filter((fault) => fault !== undefined)
  if (found.length > 0) throw new OrderRefused(found)
}

/** @throws OrderRefused */
export const createOrder = (draft: OrderDraft, id: string, now: Date): Order => {
  refuse([countFault(draft.items.length), ...draft.items.flatMap(itemFaults)])
  const items = draft.items.map((item) => ({ ...item, unitPrice: toAmount(item.unitPrice) }))
  const total = sumOf(items)
  refuse([totalFault(total)])
  return { id, customerId: draft.customerId, status: 'CREATED', items, total, createdAt: now, updatedAt: now }
}
