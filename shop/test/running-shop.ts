import { type OutgoingRecord, postgres, type Transport } from 'onewrite'
import { type Logger, pino } from 'pino'
import { freshDatabase } from '../../test/support/database.ts'
import { type OrderService, startOrderService } from '../src/order-service.ts'

export const customerId = '550e8400-e29b-41d4-a716-446655440000'
export const productId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'

export const silent = pino({ level: 'silent' })

/** JSON text of an order, so that a test decides how a price is spelled. */
export const orderText = (
  ...items: readonly { readonly quantity: string; readonly unitPrice: string }[]
): string => {
  const lines = items.map(
    (item) => `{"productId":"${productId}","quantity":${item.quantity},"unitPrice":${item.unitPrice}}`,
  )
  return `{"customerId":"${customerId}","items":[${lines.join(',')}]}`
}

export interface RunningShop extends OrderService {
  /** What the transport has acknowledged. */
  readonly left: OutgoingRecord[]
  post(body: string, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** Posts an order that must be taken and returns its id. */
  place(body: string, headers?: Readonly<Record<string, string>>): Promise<string>
  get(path: string): Promise<Response>
  /** One column of one row. */
  ask(sql: string, values?: readonly unknown[]): Promise<unknown>
  close(): Promise<void>
}

const json = { 'content-type': 'application/json' }

export const orderIdIn = (body: unknown): string => {
  if (typeof body === 'object' && body !== null && 'orderId' in body && typeof body.orderId === 'string') {
    return body.orderId
  }
  throw new Error(`no orderId in ${JSON.stringify(body)}`)
}

/** The order service over a database of its own, on a free port. */
export const runningShop = async (
  transport: Transport = postgres(),
  options: { readonly answerWithin?: number; readonly logger?: Logger } = {},
): Promise<RunningShop> => {
  const database = await freshDatabase()
  const left: OutgoingRecord[] = []
  const shop = await startOrderService({
    database: database.url,
    transport,
    logger: silent,
    ...options,
    address: { host: '127.0.0.1', port: 0 },
    published: (records) => void left.push(...records),
  })
  const post: RunningShop['post'] = (body, headers) =>
    fetch(`${shop.url}/orders`, { method: 'POST', body, headers: { ...json, ...headers } })
  return {
    ...shop,
    left,
    post,
    place: async (body, headers) => {
      const response = await post(body, headers)
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
      return orderIdIn(await response.json())
    },
    get: (path) => fetch(`${shop.url}${path}`),
    ask: async (sql, values) => {
      const { rows } = await database.database.query(sql, values)
      return Object.values(rows[0] ?? {})[0]
    },
    close: async () => {
      await shop.stop()
      await database.close()
    },
  }
}
