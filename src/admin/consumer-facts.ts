/**
 * How far a consumer is behind. In Kafka offsets are counted, and so are the marks of transactions; of the log, whose
 * positions count all of its partitions, a share.
 */
export interface ConsumerLag {
  /** Undefined where nobody has said where the partition ends. */
  readonly events: bigint | undefined
  /** Since the oldest record was written that is in hand and not settled; 0 where there is none. */
  readonly seconds: number
}

/**
 * - `reading`: its owner was heard of lately
 * - `silent`: it was not, for 30 seconds
 */
export type PartitionState = 'reading' | 'silent'

export interface ConsumerPartition {
  /** `order.events/3` */
  readonly name: string
  readonly state: PartitionState
  /** Who owns it, or owned it last. */
  readonly owner: string
  /** Everything below is dealt with; undefined where nothing is. */
  readonly settled: bigint | undefined
  /** RFC 3339, when that last grew. */
  readonly settledAt: string | undefined
  /** One past the last record, as last heard. */
  readonly end: bigint | undefined
  /** Seconds since its owner was heard of. */
  readonly silence: number
  readonly lag: ConsumerLag
}

export interface ConsumerFacts {
  readonly name: string
  /** RFC 3339. */
  readonly since: string
  readonly partitions: readonly ConsumerPartition[]
  /** Of all partitions: the sum of the events, the oldest of the seconds. */
  readonly lag: ConsumerLag
  /** Events that failed and are tried again. */
  readonly retries: number
  readonly quarantine: {
    readonly queues: number
    readonly parked: number
    /** Waiting behind what is parked. */
    readonly held: number
    /** Let go by an operator, and not handled yet. */
    readonly released: number
    /** When the oldest began; RFC 3339. */
    readonly since: string | undefined
  }
}
