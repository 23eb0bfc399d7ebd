import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { NewEvent } from './new-event.ts'
import type { NewEventOptions } from './new-event-options.ts'
import type { RecordedEvent } from './recorded-event.ts'
import type { Stored } from './stored.ts'

/** Data as an older version stored it. */
export type OldData = Readonly<Record<string, unknown>>

/** Turns the data of one version into that of the next. Pure: stored events never change. */
export type Upcaster = (old: OldData) => object

export type MessageKind = 'event' | 'command'

/** What is known of a type of event or command, apart from how to make one. */
export interface Definition<Type extends string = string, Data = unknown> {
  readonly kind: MessageKind
  readonly type: Type
  readonly aggregate: string
  /** Version of the schema; events of older versions are upcast to it. */
  readonly version: number
  readonly schema: StandardSchemaV1<unknown, Data>
  readonly upcast: Readonly<Record<number, Upcaster>>
  /** The topic of this type alone; otherwise the naming strategy decides. */
  readonly topic: string | undefined
  readonly maxEventBytes: number
}

/** Makes a validated, frozen event; also carries its definition. */
export interface MessageDefinition<Kind extends MessageKind, Type extends string, Input, Data>
  extends Definition<Type, Data> {
  readonly kind: Kind
  /**
   * @throws INVALID_EVENT with every fault and its path
   * @throws UNSERIALIZABLE_DATA, UNSTORABLE_TEXT, EVENT_TOO_LARGE
   */
  (data: Input, options?: NewEventOptions): NewEvent<Type, Data>
}

/** The event as it is read back: what JSON made of the data that the schema put out. */
export type EventOf<D extends Definition> =
  D extends Definition<infer Type, infer Data> ? RecordedEvent<Type, Stored<Data>> : never

/** The event as the definition makes it. */
export type NewEventOf<D extends Definition> =
  D extends Definition<infer Type, infer Data> ? NewEvent<Type, Data> : never
