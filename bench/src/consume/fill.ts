import { createHash } from 'node:crypto'
import { kafka } from '../../../src/kafka/kafka.ts'
import { toRecord } from '../../../src/message/to-record.ts'
import { topicNaming, topics } from '../../../src/message/topic.ts'

export interface Filling {
  readonly brokers: string
  readonly topic: string
  readonly events: number
  readonly keys: number
}

const digest = (text: string): string => createHash('md5').update(text).digest('hex')

const uuid = (text: string): string =>
  digest(text).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-7$3-8$4-$5')

/** The key of the nth event; events of all keys are mixed. */
export const keyOf = (index: number, keys: number): string => uuid(`key ${index % keys}`)

const payload = (index: number, key: string): string =>
  JSON.stringify({
    orderId: key,
    customerId: uuid(`customer ${index}`),
    status: 'created',
    currency: 'EUR',
    totalAmount: `${index % 900}.50`,
    items: [
      { sku: `SKU-${index % 5000}`, quantity: (index % 7) + 1, price: '19.90' },
      { sku: `SKU-${index % 4999}`, quantity: (index % 3) + 1, price: '4.50' },
    ],
    note: 'leave at the door',
  })

const portion = 5_000

/** Writes events as a relay would; the same topic and number give the same events, with the same ids, each time. */
export const fill = async ({ brokers, topic, events, keys }: Filling): Promise<void> => {
  const transport = kafka({ brokers: brokers.split(',') })
  const publisher = await transport.publishing.publisher({ name: topic })
  const topicOf = topicNaming({ strategy: topics.fixed(topic) })
  const recordOf = (index: number) => {
    const key = keyOf(index, keys)
    const event = {
      ...{ position: String(index + 1), id: uuid(`${topic} ${index}`), aggregate: 'order', aggregateId: key },
      ...{ sequence: String(Math.floor(index / keys) + 1), type: 'order.created', version: '1' },
      ...{ payload: payload(index, key), metadata: '{}', occurredAt: new Date().toISOString() },
      ...{ transactionId: String(index), ordinal: 0, count: 1 },
    }
    return toRecord(event, { source: '/bench', topicOf })
  }
  for (let from = 0; from < events; from += portion) {
    const length = Math.min(portion, events - from)
    await publisher.publish(Array.from({ length }, (_, index) => recordOf(from + index)))
  }
  await publisher.close()
  await transport.close()
}
