import type { Definition } from './definition.ts'
import type { RecordedEvent } from './recorded-event.ts'
import type { Stored } from './stored.ts'

/**
 * An event as a consumer gets it. Its position in the log does not travel; its sequence does. Where another program
 * wrote the record and does not say: `aggregateId` is empty, `sequence` 0, `transactionId` empty, `ordinal` 0 of
 * `count` 1.
 */
export interface ConsumedEvent<Type extends string = string, Data = unknown>
  extends Omit<RecordedEvent<Type, Data>, 'position'> {
  /**
   * False where the record carries no id of its own. `id` is then its place, `topic/partition/offset@timestamp`: the same
   * record has no second effect, but the same message sent twice has.
   */
  readonly identified: boolean
}

/** A message of a topic that onewrite did not write, as a consumer gets it. */
export type ConsumedMessage<Type extends string = string, Data = unknown> = Pick<
  ConsumedEvent<Type, Data>,
  'id' | 'identified' | 'type' | 'aggregate' | 'aggregateId' | 'data' | 'metadata' | 'occurredAt'
>

/** The event that handlers of a definition get. */
export type ConsumedEventOf<D extends Definition> =
  D extends Definition<infer Type, infer Data> ? ConsumedEvent<Type, Stored<Data>> : never
