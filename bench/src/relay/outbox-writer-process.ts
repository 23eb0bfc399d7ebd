// Single-row transactions into the outbox table at a steady rate, and when each was known to be committed.
import { newId } from '../../../src/message/new-id.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { microseconds } from '../latency/clock.ts'
import { openLoop } from '../latency/open-loop.ts'
import { orderData } from '../latency/order-data.ts'
import type { WriterFigures } from '../latency/writer-process.ts'
import { answer, readInput } from '../parent.ts'

export interface OutboxWriterInput {
  readonly databaseUrl: string
  readonly connections: number
  readonly perSecond: number
  readonly events: number
}

const insertSql = `
  insert into public.outbox (id, aggregatetype, aggregateid, type, payload)
  values ($1::uuid, 'order', $2, 'order.created', $3::jsonb)`

const { databaseUrl, connections, perSecond, events } = readInput<OutboxWriterInput>()
const database = pgDatabase({ url: databaseUrl, max: connections })
const payload = JSON.stringify(orderData)

const committed: (readonly [string, number])[] = []
await openLoop(events, perSecond, async (number) => {
  const id = newId()
  await database.pipeline((tx) => [tx.query(insertSql, [id, `order-${number % 1000}`, payload])])
  committed.push([id, microseconds()])
})
await database.close()
answer(committed satisfies WriterFigures)
