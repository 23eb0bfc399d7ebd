import type { Metadata } from './metadata.ts'

/** An event read back from the log: decoded, upcast to the latest version where its definition is known. */
export interface RecordedEvent<Type extends string = string, Data = unknown> {
  /** Place in the log; grows, with gaps. */
  readonly position: bigint
  readonly id: string
  readonly type: Type
  readonly version: number
  readonly aggregate: string
  readonly aggregateId: string
  /** Place in the stream of the aggregate, from 1, without gaps. */
  readonly sequence: number
  readonly data: Data
  readonly metadata: Metadata
  readonly occurredAt: Date
  readonly transactionId: string
  readonly ordinal: number
  readonly count: number
}
