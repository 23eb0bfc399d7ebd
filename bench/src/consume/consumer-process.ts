// A consumer as a service runs it, in a process of its own, which ends once everything is settled.
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { consumer } from '../../../src/consumer/consumer.ts'
import { on } from '../../../src/consumer/on.ts'
import { deadLetter } from '../../../src/consumer/outcome.ts'
import { runConsumer } from '../../../src/consumer/run-consumer.ts'
import { kafka } from '../../../src/kafka/kafka.ts'
import { event } from '../../../src/message/event.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { redisFilter } from '../../../src/redis/redis-filter.ts'
import { redisSocket } from '../../../test/support/redis.ts'
import { answer, cpuSeconds, peakMemory, readInput } from '../parent.ts'
import { stopwatch, tellingFirst } from './first-record.ts'

export interface ConsumeInput {
  readonly databaseUrl: string
  readonly schema: string
  readonly brokers: string
  readonly topic: string
  /** Where its effects go, with the name of the schema. */
  readonly table: string
  /** Records of the topic that have to be settled at its end, those of earlier runs included. */
  readonly settled: number
  readonly concurrency?: number
  /** Milliseconds that the handler waits for something else. */
  readonly waits?: number
  /** A key whose events cannot be handled. */
  readonly poison?: string
  /** Port of a Redis to ask before the inbox. */
  readonly redis?: number
}

export interface ConsumeFigures {
  readonly seconds: number
  /** CPU of the process, all threads, in that time. */
  readonly cpu: number
  /** MiB at most. */
  readonly memory: number
  readonly handled: number
}

const input = readInput<ConsumeInput>()
const { databaseUrl, schema, brokers, topic, table, settled, concurrency = 16, waits, poison, redis } = input
const database = pgDatabase({ url: databaseUrl, schema, max: 12 })
const transport = kafka({ brokers: brokers.split(',') })
const clock = stopwatch()
let handled = 0

const OrderCreated = event('order.created', {
  aggregate: 'order',
  id: (data) => data.orderId,
  data: z.looseObject({ orderId: z.string(), totalAmount: z.string() }),
})

const insertSql = `insert into ${table} (order_id, total) values ($1, $2)`

const handle = on(OrderCreated, async ({ event: { data }, tx }) => {
  handled += 1
  if (data.orderId === poison) return deadLetter('unknown product')
  if (waits !== undefined) await wait(waits)
  await tx.query(insertSql, [data.orderId, data.totalAmount])
  return undefined
})

const ignore = (): void => undefined
const print = (fields: object, message: string): void => console.error(message, fields)

const running = runConsumer({
  consumer: consumer(topic, [handle], {
    concurrency,
    ...(redis === undefined ? {} : { firstFilter: redisFilter(redisSocket(redis)) }),
  }),
  database,
  subscribing: tellingFirst(transport.subscribing, clock.start),
  topics: [topic],
  // What is parked is said in a line each; everything else should not happen.
  logger: { debug: ignore, info: ignore, warn: print, error: poison === undefined ? print : ignore },
})

const settledSql = `select coalesce(sum(settled), 0)::text as settled from ${schema}.consumer_partitions`

const isDone = async (): Promise<boolean> => {
  const { rows } = await database.query<{ settled: string }>(settledSql)
  return Number(rows[0]?.settled) >= settled
}

running.start()
while (!(await isDone())) await wait(20)
const figures: ConsumeFigures = {
  ...{ seconds: clock.seconds(), cpu: cpuSeconds(clock.cpu), memory: peakMemory(), handled },
}
await running.stop()
await transport.close()
await database.close()
answer(figures)
