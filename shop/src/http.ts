import swagger from '@fastify/swagger'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { z } from 'zod'
import { answerInTime } from './answer-in-time.ts'
import { answerError } from './http-errors.ts'
import { readJsonBodies } from './json-body.ts'
import { toJsonNumber } from './money.ts'
import type { Order, OrderDraft } from './order.ts'
import {
  OrderFound,
  OrderPath,
  OrderPlaced,
  PlaceOrderBody,
  PlaceOrderHeaders,
  Refusal,
} from './order-schema.ts'

/** What the HTTP face needs of the service behind it. */
export interface Orders {
  place(draft: OrderDraft, idempotencyKey?: string): Promise<string>
  find(id: string): Promise<Order | undefined>
  /** Whether orders can be recorded at the moment. */
  accepting(): Promise<boolean>
}

const limits = {
  bodyLimit: 256 * 1024,
  // A slow sender holds a socket for this long at most.
  requestTimeout: 10_000,
  keepAliveTimeout: 10_000,
  routerOptions: { maxParamLength: 1000 },
} as const

const found = ({ total, items, createdAt, updatedAt, ...order }: Order): z.infer<typeof OrderFound> => ({
  ...order,
  total: toJsonNumber(total),
  items: items.map((item) => ({ ...item, unitPrice: toJsonNumber(item.unitPrice) })),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})

const placeOrderDescription =
  '400: the body is refused. 413: it exceeds 256 KiB. 415: it is not application/json. ' +
  '422: the Idempotency-Key was used before with another input. 503: try again, with the same key.'

const serveOrders = (base: FastifyInstance, orders: Orders): void => {
  const app = base.withTypeProvider<ZodTypeProvider>()
  app.post(
    '/orders',
    {
      schema: {
        summary: 'Place an order',
        description: placeOrderDescription,
        headers: PlaceOrderHeaders,
        body: PlaceOrderBody,
        response: {
          201: OrderPlaced,
          400: Refusal,
          413: Refusal,
          415: Refusal,
          422: Refusal,
          503: Refusal,
        },
      },
    },
    async (request, reply) => {
      const orderId = await orders.place(request.body, request.headers['idempotency-key'])
      return reply.code(201).send({ orderId })
    },
  )
  app.get(
    '/orders/:id',
    {
      schema: {
        summary: 'Find an order',
        params: OrderPath,
        response: {
          200: OrderFound,
          400: Refusal,
          404: z.undefined().describe('No such order; no body.'),
          503: Refusal,
        },
      },
    },
    async (request, reply) => {
      const order = await orders.find(request.params.id)
      return order === undefined ? reply.code(404).send() : reply.send(found(order))
    },
  )
}

const serveHealth = (base: FastifyInstance, orders: Orders): void => {
  base.withTypeProvider<ZodTypeProvider>().get(
    '/actuator/health',
    {
      schema: {
        summary: 'Whether orders can be recorded',
        description:
          'UP while the database takes orders. A broker that is away does not make it DOWN: ' +
          'events wait in the log.',
        response: {
          200: z.object({ status: z.literal('UP') }),
          503: z.object({ status: z.literal('DOWN') }),
        },
      },
    },
    async (_request, reply) =>
      (await orders.accepting()) ? reply.send({ status: 'UP' }) : reply.code(503).send({ status: 'DOWN' }),
  )
}

/** Or a client that has its last answer would hold the server open until its keep-alive runs out. */
const endConnectionsWhenClosing = (app: FastifyInstance): void => {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
}

const inTime = ({ place, find, accepting }: Orders, milliseconds: number): Orders => ({
  place: (draft, key) => answerInTime(place(draft, key), milliseconds),
  find: (id) => answerInTime(find(id), milliseconds),
  accepting,
})

export interface HttpOptions {
  readonly logger: FastifyBaseLogger
  /** Milliseconds until a request whose order takes too long is answered with 503. */
  readonly answerWithin: number
}

/** The order service as an HTTP server that does not listen yet. */
export const httpServer = async (orders: Orders, options: HttpOptions): Promise<FastifyInstance> => {
  const app: FastifyInstance = fastify({
    ...limits,
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle',
    frameworkErrors: answerError,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found' }))
  readJsonBodies(app)
  endConnectionsWhenClosing(app)
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Order service', version: '1.0.0' } },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  serveOrders(app, inTime(orders, options.answerWithin))
  serveHealth(app, orders)
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  return app
}
