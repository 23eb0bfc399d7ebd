import type { Definition } from './definition.ts'
import type { RecordedEvent } from './recorded-event.ts'
import type { Stored } from './stored.ts'

/** An event as a consumer gets it. Its position in the log does not travel; its sequence does. */
export type ConsumedEvent<Type extends string = string, Data = unknown> = Omit<
  RecordedEvent<Type, Data>,
  'position'
>

/** The event that handlers of a definition get. */
export type ConsumedEventOf<D extends Definition> =
  D extends Definition<infer Type, infer Data> ? ConsumedEvent<Type, Stored<Data>> : never
