// Business transactions with and without an event, over a number of connections, each variant for some seconds.
import { z } from 'zod'
import { append } from '../../../src/log/append.ts'
import { event } from '../../../src/message/event.ts'
import { newId } from '../../../src/message/new-id.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { answer, cpuSeconds, readInput } from '../parent.ts'
import { serverSeconds } from '../processes.ts'

export const variantNames = ['plain', 'withEvent', 'plainPipelined', 'withEventPipelined'] as const
export type VariantName = (typeof variantNames)[number]

export interface AppendInput {
  readonly databaseUrl: string
  readonly connections: number
  readonly seconds: number
  /** The variant that is measured first. */
  readonly first: number
}

export interface VariantFigures {
  readonly perSecond: number
  /** Microseconds of CPU a transaction, of this process and of PostgreSQL. */
  readonly node: number
  readonly postgres: number
}

export type AppendFigures = Readonly<Record<VariantName, VariantFigures>>

const { databaseUrl, connections, seconds, first } = readInput<AppendInput>()
const database = pgDatabase({ url: databaseUrl, max: connections })

const OrderCreated = event('order.created', {
  aggregate: 'order',
  id: (data) => data.orderId,
  data: z.object({
    orderId: z.uuid(),
    customerId: z.uuid(),
    status: z.string(),
    currency: z.string(),
    totalAmount: z.string(),
    items: z.array(z.object({ sku: z.string(), quantity: z.number(), price: z.string() })),
    note: z.string(),
  }),
})

const order = () => ({
  orderId: newId(),
  customerId: '0190f2b4-6f5e-7c3a-9d1e-1b2c3d4e5f60',
  status: 'created',
  currency: 'EUR',
  totalAmount: '63.70',
  items: [
    { sku: 'SKU-4711', quantity: 3, price: '19.90' },
    { sku: 'SKU-0815', quantity: 1, price: '4.00' },
  ],
  note: 'leave at the door',
})

const insertSql = 'insert into bench_orders (id, customer_id, total, note) values ($1, $2, $3, $4)'
type Order = ReturnType<typeof order>
const row = ({ orderId, customerId, totalAmount, note }: Order) => [orderId, customerId, totalAmount, note]

const variants: Readonly<Record<VariantName, () => Promise<unknown>>> = {
  plain: () => database.transaction((tx) => tx.query(insertSql, row(order()))),
  withEvent: () =>
    database.transaction(async (tx) => {
      const data = order()
      await tx.query(insertSql, row(data))
      await append(tx, [OrderCreated(data)])
    }),
  plainPipelined: () => database.pipeline((tx) => [tx.query(insertSql, row(order()))]),
  withEventPipelined: () =>
    database.pipeline((tx) => {
      const data = order()
      return [tx.query(insertSql, row(data)), append(tx, [OrderCreated(data)])]
    }),
}

/** Every connection does one transaction after the other; returns how many ended in the time. */
const load = async (variant: () => Promise<unknown>, milliseconds: number): Promise<number> => {
  const end = performance.now() + milliseconds
  let done = 0
  const worker = async (): Promise<void> => {
    for (; performance.now() < end; done += 1) await variant()
  }
  await Promise.all(Array.from({ length: connections }, worker))
  return done
}

const warmUp = 1000

const measure = async (name: VariantName): Promise<VariantFigures> => {
  await load(variants[name], warmUp)
  const [cpu, servers] = [process.cpuUsage(), serverSeconds(process.ppid)]
  const start = performance.now()
  const done = await load(variants[name], seconds * 1000)
  const elapsed = (performance.now() - start) / 1000
  const microseconds = (spent: number): number => (spent / done) * 1_000_000
  return {
    perSecond: done / elapsed,
    node: microseconds(cpuSeconds(cpu)),
    postgres: microseconds(serverSeconds(process.ppid).postgres - servers.postgres),
  }
}

const found: Partial<Record<VariantName, VariantFigures>> = {}
for (let index = 0; index < variantNames.length; index += 1) {
  const name = variantNames[(first + index) % variantNames.length]
  if (name !== undefined) found[name] = await measure(name)
}
await database.close()
answer(found)
