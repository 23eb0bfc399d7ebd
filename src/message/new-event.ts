import type { Metadata } from './metadata.ts'

/** An event that was made and validated, but not recorded yet. Frozen. */
export interface NewEvent<Type extends string = string, Data = unknown> {
  /** UUID, version 7 unless given. */
  readonly id: string
  readonly type: Type
  /** Version of the schema of `data`. */
  readonly version: number
  /** Type of the aggregate, for example `order`. */
  readonly aggregate: string
  readonly aggregateId: string
  readonly data: Data
  readonly occurredAt: Date
  readonly metadata: Metadata
}
