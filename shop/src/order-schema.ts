import { z } from 'zod'
import { maxAmount } from './money.ts'
import { maxItems, maxQuantity, quantityFault, unitPriceFault } from './order.ts'

interface Issue {
  readonly input?: unknown
}

/** `X cannot be null` where the value is absent, else what it must be. */
const expecting = (name: string, expected: string, absent = 'cannot be null') => ({
  error: (issue: Issue) => `${name} ${(issue.input ?? null) === null ? absent : expected}`,
})

const id = (name: string) => z.guid(expecting(name, 'must be a UUID')).toLowerCase()

/** Refuses with the domain's own words; later steps do not see a refused value. */
const refusing =
  <T>(faultOf: (value: T) => string | undefined) =>
  ({ value, issues }: z.core.ParsePayload<T>): void => {
    const message = faultOf(value)
    if (message !== undefined) issues.push({ code: 'custom', message, input: value, continue: false })
  }

const quantity = z
  .number(expecting('quantity', 'must be an integer'))
  .check(refusing(quantityFault))
  .meta({ type: 'integer', minimum: 1, maximum: maxQuantity, example: 2 })

const unitPrice = z
  .union([z.number(), z.string()], expecting('unitPrice', 'must be a decimal number'))
  .check(refusing(unitPriceFault))
  .meta({
    description: `Greater than 0, at most ${maxAmount}, at most 2 decimals. A number, or its text.`,
    example: 149.95,
  })

const customerExample = '550e8400-e29b-41d4-a716-446655440000'
const productExample = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'

export const PlaceOrderBody = z.object(
  {
    customerId: id('customerId').meta({ example: customerExample }),
    items: z
      .array(
        z.object(
          { productId: id('productId').meta({ example: productExample }), quantity, unitPrice },
          expecting('items', 'must be a list of objects', 'must be a list of objects'),
        ),
        expecting('items', 'must be a list', 'cannot be empty'),
      )
      .min(1, 'items cannot be empty')
      .max(maxItems, `items cannot be more than ${maxItems}`),
  },
  expecting('request body', 'must be a JSON object', 'must be a JSON object'),
)

export const PlaceOrderHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, 'Idempotency-Key must be 1 to 255 printable ASCII characters')
    .optional()
    .meta({
      description:
        'Same key and same input: the same orderId, one order, one event, also when sent at the same time. ' +
        'Same key and other input: 422. Keys are kept as long as their orders.',
      example: '4f0c2a52-order-1',
    }),
})

export const OrderPlaced = z.object({ orderId: z.guid() })

export const OrderPath = z.object({ id: id('id') })

export const OrderFound = z.object({
  id: z.guid(),
  customerId: z.guid(),
  status: z.enum(['CREATED', 'CANCELLED']),
  total: z.number().meta({ example: 299.9 }),
  items: z.array(z.object({ productId: z.guid(), quantity: z.int32().positive(), unitPrice: z.number() })),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

export const Refusal = z
  .object({
    error: z.string().meta({ example: 'items cannot be empty' }),
    faults: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Every fault with its path, when there is more than one; `error` is the first.' }),
  })
  .meta({ id: 'Refusal' })
