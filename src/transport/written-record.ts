import type { DeliveredRecord } from './subscriber.ts'

/** A record as it lies in a topic, byte for byte. */
export interface WrittenRecord extends DeliveredRecord {
  /** The key as bytes, where `key` is their text. */
  readonly rawKey: Buffer | null
  /** In order, repeated names included. Kafka's client for Node reads null as empty. */
  readonly rawHeaders: readonly (readonly [name: string, value: Buffer | null])[]
  /** Milliseconds since 1970. */
  readonly timestamp: number
}
