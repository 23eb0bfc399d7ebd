/** A record as it lies in a topic, byte for byte, with its key and headers as text beside. */
export interface WrittenRecord {
  readonly topic: string
  readonly partition: number
  /** Within (topic, partition); decimal digits. */
  readonly offset: string
  readonly key: string | null
  readonly value: Buffer | null
  /** The last of each name. */
  readonly headers: Readonly<Record<string, string>>
  /** The key as bytes, where `key` is their text. */
  readonly rawKey: Buffer | null
  /** In order, repeated names included. Kafka's client for Node reads null as empty. */
  readonly rawHeaders: readonly (readonly [name: string, value: Buffer | null])[]
  /** Milliseconds since 1970. */
  readonly timestamp: number
}
