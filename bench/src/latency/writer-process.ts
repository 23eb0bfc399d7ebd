// Single-event transactions at a steady rate, and when each was known to be committed.
import { append } from '../../../src/log/append.ts'
import type { NewEvent } from '../../../src/message/new-event.ts'
import { newId } from '../../../src/message/new-id.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { answer, readInput, untilFinish } from '../parent.ts'
import { openRelay, type RelayPlace } from '../relay/open-relay.ts'
import { openPublishing } from '../relay/publishing.ts'
import { microseconds } from './clock.ts'

export interface WriterInput {
  readonly databaseUrl: string
  readonly schema: string
  readonly brokers: string
  readonly connections: number
  readonly perSecond: number
  readonly events: number
  /** A relay in this process, poked after each commit. */
  readonly relay?: RelayPlace
}

/** For each event, its id and the microsecond in which the reply to COMMIT had arrived. */
export type WriterFigures = readonly (readonly [string, number])[]

const input = readInput<WriterInput>()
const { perSecond, events, connections } = input
const database = pgDatabase({ url: input.databaseUrl, schema: input.schema, max: connections })

const data = {
  orderId: newId(),
  customerId: newId(),
  status: 'created',
  currency: 'EUR',
  totalAmount: '63.70',
  items: [
    { sku: 'SKU-4711', quantity: 3, price: '19.90' },
    { sku: 'SKU-0815', quantity: 1, price: '4.00' },
  ],
  note: 'leave at the door',
}

const newEvent = (number: number): NewEvent => ({
  id: newId(),
  type: 'order.created',
  version: 1,
  aggregate: 'order',
  aggregateId: `order-${number % 1000}`,
  data,
  occurredAt: new Date(),
  metadata: {},
})

const running =
  input.relay === undefined
    ? undefined
    : openRelay(input.relay, database, openPublishing({ brokers: input.brokers }))
running?.start()
await running?.settled

const committed: (readonly [string, number])[] = []
const write = async (number: number): Promise<void> => {
  const event = newEvent(number)
  await database.pipeline((tx) => [append(tx, [event])])
  committed.push([event.id, microseconds()])
  running?.poke()
}

/** Starts what is due, whether or not earlier transactions have ended: a slow one must not slow the rate down. */
const writeAll = async (): Promise<void> => {
  const start = performance.now()
  const pending: Promise<void>[] = []
  while (pending.length < events) {
    const due = Math.min(events, Math.floor(((performance.now() - start) / 1000) * perSecond))
    while (pending.length < due) pending.push(write(pending.length))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(pending)
}

await writeAll()
// A relay of this process is needed until everything has arrived.
if (running !== undefined) {
  process.send?.('ready')
  await untilFinish()
  await running.stop()
}
await database.close()
answer(committed satisfies WriterFigures)
