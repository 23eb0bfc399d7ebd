import assert from 'node:assert/strict'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { DeliveredRecord, Subscribing } from '../transport/subscriber.ts'

/** What an implementation brings to `subscribingContract`. Cases may run one after the other on the same fixture. */
export interface SubscribingFixture {
  /** Several subscriptions of a group are several instances of it, also in one process. */
  readonly subscribing: Subscribing
  /** A name that no other case and no earlier run has used, of letters, digits and dashes. */
  uniqueName(prefix: string): string
  /** Makes a topic that can be written, and gives its name. Forty keys must lie in at least two partitions of it. */
  createTopic(): Promise<string>
  /** Makes records deliverable, in this order within each key; resolves when they are. */
  send(records: readonly OutgoingRecord[]): Promise<void>
}

/** Of a transport that notices silent instances, which a test can provoke. */
export interface SilenceFixture extends SubscribingFixture {
  /** An instance of its own, which can be cut off as by its network: it is told nothing, and nothing is heard of it. */
  open(): Promise<{
    readonly subscribing: Subscribing
    silence(): void
    /** Releases what it holds, also where it was silenced. */
    close(): Promise<void>
  }>
}

export const text = ({ value }: DeliveredRecord): string => String(value)

export const texts = (records: readonly DeliveredRecord[]): string[] => records.map(text)

/** `count` records of `keys` keys in turn; the values are numbers from `from` on. */
export const outgoing = (topic: string, count: number, keys: number, from = 0): OutgoingRecord[] =>
  Array.from({ length: count }, (_, index) => {
    const key = `key-${(from + index) % keys}`
    return { topic, key, value: String(from + index), headers: { n: String(index) } }
  })

/** Numbers of each key must rise by the number of keys. */
export const assertInOrder = (records: readonly DeliveredRecord[], keys: number): void => {
  const last = new Map<string, number>()
  for (const record of records) {
    const key = String(record.key)
    const number = Number(text(record))
    const before = last.get(key)
    if (before !== undefined) assert.equal(number, before + keys, `order of ${key}`)
    last.set(key, number)
  }
}

/** Each of the numbers once. */
export const assertNumbers = (records: readonly DeliveredRecord[], from: number, to: number): void => {
  const numbers = texts(records)
    .map(Number)
    .sort((a, b) => a - b)
  const wanted = Array.from({ length: to - from }, (_, index) => from + index)
  assert.deepEqual(numbers, wanted)
}
