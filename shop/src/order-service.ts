import { setTimeout } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import {
  type Database,
  type Embedded,
  type OutgoingRecord,
  type RunningService,
  service,
  type Transport,
  topics,
} from 'onewrite'
import { orderCancelling } from './cancel-order.ts'
import { findOrder } from './find-order.ts'
import { httpServer, type Orders } from './http.ts'
import { type Address, listen } from './listen.ts'
import { migrateShop } from './migrate.ts'
import { OrderCreated } from './order-events.ts'
import { placeOrder } from './place-order.ts'

export interface OrderServiceOptions {
  readonly database: string | Database | Embedded
  readonly transport: Transport
  readonly logger: FastifyBaseLogger
  readonly address: Address
  /** Milliseconds until a request whose order takes too long is answered with 503. Default 15,000. */
  readonly answerWithin?: number
  /** Called with records once the transport has acknowledged them. */
  readonly published?: (records: readonly OutgoingRecord[]) => void
}

export interface OrderService {
  readonly url: string
  readonly database: Database
  /** Answers the requests in hand, releases everything. What has not left yet leaves at the next start. */
  stop(): Promise<void>
}

const selectWritable = 'select not pg_is_in_recovery() as writable'
const patience = 2000

/** A database that does not answer in time counts as one that refuses. */
const accepting = async (database: Database): Promise<boolean> => {
  const asked = database.query<{ writable: boolean }>(selectWritable).then(
    ({ rows }) => rows[0]?.writable === true,
    () => false,
  )
  return Promise.race([asked, setTimeout(patience, false, { ref: false })])
}

const start = (options: OrderServiceOptions) =>
  service({
    name: 'orders',
    database: options.database,
    transport: options.transport,
    events: [OrderCreated],
    consumers: [orderCancelling],
    topic: topics.eventType,
    createTopics: ['order.cancelled'],
    prepare: migrateShop,
    logger: options.logger,
    ...(options.published === undefined ? {} : { published: options.published }),
  }).start()

const ordersOf = (app: RunningService): Orders => ({
  place: (draft, key) => placeOrder(app, draft, key),
  find: (id) => findOrder(app.database, id),
  accepting: () => accepting(app.database),
})

/** @throws PORT_IN_USE, or what keeps the database or the transport from starting; nothing is left running */
export const startOrderService = async (options: OrderServiceOptions): Promise<OrderService> => {
  const app = await start(options)
  try {
    const { logger, answerWithin = 15_000 } = options
    const http = await httpServer(ordersOf(app), { logger, answerWithin })
    const url = await listen(http, options.address)
    const stop = async (): Promise<void> => {
      await http.close()
      await app.stop({ drain: '20s' })
    }
    return { url, database: app.database, stop }
  } catch (error) {
    await app.stop({ drain: '1s' })
    throw error
  }
}
