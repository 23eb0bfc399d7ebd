import assert from 'node:assert/strict'
import { isOnewriteError } from '../error/onewrite-error.ts'
import type { ErrorCode } from '../error/table.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Publishing, TransactionalPublisher } from '../transport/publisher.ts'
import type { WrittenRecord } from '../transport/written-record.ts'

/** What an implementation brings to `publishingContract`. */
export interface PublishingFixture {
  readonly publishing: Publishing
  /** A name that no other case and no earlier run has used, of letters, digits and dashes. */
  uniqueName(prefix: string): string
  /** Everything committed in a topic, by partition, then in order. Waits for transactions that are being decided. */
  readCommitted(topic: string): Promise<readonly WrittenRecord[]>
  /** What a reader of committed records sees at this moment, however many transactions are open. */
  visibleNow(topic: string): Promise<readonly WrittenRecord[]>
  /** Records of open and given up transactions too; absent where they never leave the publisher. */
  readUncommitted?(topic: string): Promise<readonly WrittenRecord[]>
}

export const record = (
  topic: string,
  key: OutgoingRecord['key'],
  value: OutgoingRecord['value'],
  headers: OutgoingRecord['headers'] = {},
): OutgoingRecord => ({ topic, key, value, headers })

/** `count` records of `keys` keys; each value is `key:n`, n from 0 within its key. */
export const numbered = (topic: string, count: number, keys: number): OutgoingRecord[] =>
  Array.from({ length: count }, (_, index) => {
    const key = `key-${index % keys}`
    return record(topic, key, `${key}:${Math.floor(index / keys)}`)
  })

export const createTopic = async (fixture: PublishingFixture, prefix = 'topic'): Promise<string> => {
  const name = fixture.uniqueName(prefix)
  await fixture.publishing.createTopics([{ name, partitions: 3 }])
  return name
}

/** Opens publishers of names, and closes them all in the end. */
export const withTransactional = async (
  fixture: PublishingFixture,
  use: (open: (name: string) => Promise<TransactionalPublisher>) => Promise<void>,
): Promise<void> => {
  const opened: TransactionalPublisher[] = []
  try {
    await use(async (name) => {
      const publisher = await fixture.publishing.transactionalPublisher({ name })
      opened.push(publisher)
      return publisher
    })
  } finally {
    await Promise.all(opened.map((publisher) => publisher.close()))
  }
}

export const values = (records: readonly WrittenRecord[]): string[] =>
  records.map(({ value }) => (value === null ? 'null' : value.toString()))

/** Every key in one partition, its numbers in order, none missing, none twice. */
export const assertNumbered = (records: readonly WrittenRecord[], count: number, keys: number): void => {
  assert.equal(records.length, count)
  const partitions = new Map<string | null, number>()
  const next = new Map<string | null, number>()
  for (const { key, value, partition } of records) {
    assert.equal(partitions.get(key) ?? partition, partition, `key ${key} lies in two partitions`)
    partitions.set(key, partition)
    const number = next.get(key) ?? 0
    assert.equal(value?.toString(), `${key}:${number}`, `order of key ${key}`)
    next.set(key, number + 1)
  }
  assert.equal(next.size, keys)
}

export const assertRejects = async (
  promise: Promise<unknown>,
  ...codes: readonly ErrorCode[]
): Promise<void> => {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(isOnewriteError(error), `rejected with ${String(error)}`)
    assert.ok(codes.includes(error.code), `rejected with ${error.code}, expected ${codes.join(' or ')}`)
    return true
  })
}
