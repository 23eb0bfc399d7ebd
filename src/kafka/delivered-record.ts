import type { DeliveredRecord } from '../transport/subscriber.ts'
import type { ConsumedMessage, MessageHeaders } from './client.ts'

type DeliveredHeader = readonly [name: string, value: Buffer]

const bytes = (value: string | Buffer): Buffer => (typeof value === 'string' ? Buffer.from(value) : value)

/** The client sets a property of the header's name, and one name is not a property. */
const hidden = '__proto__'

const header = (given: Readonly<Record<string, string | Buffer>>): DeliveredHeader => {
  for (const name in given) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (value !== undefined) return [name, bytes(value)]
  }
  const value: unknown = Object.getPrototypeOf(given)
  return [hidden, Buffer.isBuffer(value) ? value : Buffer.alloc(0)]
}

const headers = (given: MessageHeaders = []): readonly DeliveredHeader[] => given.map(header)

/** What the client read, as it is. A header without a value comes as an empty one: the client makes no difference. */
export const deliveredRecord = (message: ConsumedMessage): DeliveredRecord => ({
  topic: message.topic,
  partition: message.partition,
  offset: String(message.offset),
  timestamp: message.timestamp < 0 ? undefined : message.timestamp,
  key: message.key === null || message.key === undefined ? null : bytes(message.key),
  value: message.value,
  headers: headers(message.headers),
})
