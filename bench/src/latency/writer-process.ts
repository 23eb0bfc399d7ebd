// Single-event transactions at a steady rate, and when each was known to be committed.
import { append } from '../../../src/log/append.ts'
import type { NewEvent } from '../../../src/message/new-event.ts'
import { newId } from '../../../src/message/new-id.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { answer, readInput, untilFinish } from '../parent.ts'
import { openRelay, type RelayPlace } from '../relay/open-relay.ts'
import { openPublishing } from '../relay/publishing.ts'
import { microseconds } from './clock.ts'
import { openLoop } from './open-loop.ts'
import { orderData as data } from './order-data.ts'

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

await openLoop(events, perSecond, write)
// A relay of this process is needed until everything has arrived.
if (running !== undefined) {
  process.send?.('ready')
  await untilFinish()
  await running.stop()
}
await database.close()
answer(committed satisfies WriterFigures)
