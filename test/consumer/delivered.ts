import { z } from 'zod'
import { readEvent } from '../../src/consumer/message/read-event.ts'
import { receiver } from '../../src/consumer/message/receive.ts'
import type { Received, ReceivedEvent } from '../../src/consumer/message/received.ts'
import { on } from '../../src/consumer/on.ts'
import { isOnewriteError } from '../../src/error/onewrite-error.ts'
import { event } from '../../src/message/event.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { topicNaming } from '../../src/message/topic.ts'
import { classify } from '../../src/retry/classify.ts'
import type { DeliveredRecord } from '../../src/transport/subscriber.ts'

export const eventId = '01890a5d-ac96-774b-bcce-b302099a8057'

export const timestamp = 1_700_000_000_000

export const OrderCreated = event('order.created', {
  aggregate: 'order',
  id: (data) => data.orderId,
  version: 2,
  data: z.object({ orderId: z.string(), total: z.string(), placedAt: z.coerce.date().optional() }),
  upcast: { 1: ({ amount, ...old }) => ({ ...old, total: String(amount) }) },
})

const raw: RawEvent = {
  position: '41',
  id: eventId,
  aggregate: 'order',
  aggregateId: 'o-1',
  sequence: '7',
  type: 'order.created',
  version: '2',
  payload: '{"orderId": "o-1", "total": "10.50"}',
  metadata: '{"correlationId": "c-1"}',
  occurredAt: '2026-11-21T10:00:00.123456Z',
  transactionId: '812',
  ordinal: 1,
  count: 2,
}

const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text))

/** What a subscriber gets of an event that onewrite wrote. */
export const written = (change: Partial<RawEvent> = {}): DeliveredRecord => {
  const record = toRecord({ ...raw, ...change }, { source: '/orders', topicOf: topicNaming() })
  const headers = Object.entries(record.headers).map(([name, value]) => [name, Buffer.from(value)] as const)
  const place = { topic: record.topic, partition: 3, offset: '5', timestamp }
  return { ...place, key: bytes(record.key), value: bytes(record.value), headers }
}

type Foreign = Partial<Omit<DeliveredRecord, 'key' | 'value'>> & {
  readonly key?: string | Buffer | null
  readonly value?: string | Buffer | null
}

/** What a subscriber gets of a program that knows nothing of onewrite. */
export const foreign = ({ key = null, value = null, ...rest }: Foreign): DeliveredRecord => ({
  topic: 'order.cancelled',
  partition: 3,
  offset: '5',
  timestamp,
  headers: [],
  ...rest,
  key: typeof key === 'string' ? Buffer.from(key) : key,
  value: typeof value === 'string' ? Buffer.from(value) : value,
})

export const receiving = receiver([on(OrderCreated, () => undefined)])

export const eventOf = (received: Received): ReceivedEvent => {
  if (received.kind === 'event') return received
  throw new Error(`received as ${received.kind}: ${JSON.stringify(received)}`)
}

/** Code and verdict of what reading throws. */
export const refusal = (received: Received): readonly [code: string, message: string] => {
  if (received.kind === 'unreadable') return [received.cause.code, received.cause.message]
  try {
    readEvent(eventOf(received))
  } catch (error) {
    if (isOnewriteError(error)) return [`${error.code} ${classify(error)}`, error.message]
    throw error
  }
  throw new Error('was read')
}
