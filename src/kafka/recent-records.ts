import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { type RefusedRecord, refusedRecord } from '../transport/refused.ts'

/** What was handed to the client lately, so that its failures can be named. */
export interface RecentRecords {
  /** `bytes`: length of the value. */
  add(record: OutgoingRecord, bytes: number): void
  /** The first that fits and was not named before; by topic and key alone where it is no longer known. */
  name(topic: string, key: Buffer | null, bytes: number): RefusedRecord
  /** The first for a topic. */
  firstFor(topic: string): RefusedRecord
  clear(): void
}

interface Recent {
  readonly record: RefusedRecord
  readonly bytes: number
  named: boolean
}

const isKey = (key: OutgoingRecord['key'], bytes: Buffer | null): boolean => {
  if (key === null || bytes === null) return key === bytes
  return typeof key === 'string' ? key === bytes.toString() : key.equals(bytes)
}

/**
 * The client tells topic, key and size of a record that failed, and nothing else unless it is made to report every
 * success, too. Two records alike in all three are refused alike, so it does not matter which one is named.
 */
export const recentRecords = (most: number): RecentRecords => {
  let ring: Recent[] = []
  let next = 0
  const inOrder = (): readonly Recent[] => [...ring.slice(next), ...ring.slice(0, next)]
  return {
    add: (record, bytes) => {
      ring[next] = { record: refusedRecord(record), bytes, named: false }
      next = (next + 1) % most
    },
    name: (topic, key, bytes) => {
      const fits = (recent: Recent): boolean =>
        !recent.named &&
        recent.bytes === bytes &&
        recent.record.topic === topic &&
        isKey(recent.record.key, key)
      const found = inOrder().find(fits)
      if (found === undefined) return { topic, key, id: undefined }
      found.named = true
      return found.record
    },
    firstFor: (topic) =>
      inOrder().find(({ record }) => record.topic === topic)?.record ?? { topic, key: null, id: undefined },
    clear: () => {
      ring = []
      next = 0
    },
  }
}
