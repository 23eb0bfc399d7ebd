import type { DeliveredRecord } from './subscriber.ts'

/** A record as it lies in a topic, byte for byte. */
export interface WrittenRecord extends DeliveredRecord {
  readonly rawHeaders: readonly (readonly [name: string, value: Buffer])[]
}
