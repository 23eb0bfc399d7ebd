import type { Database } from '../postgres/database.ts'
import { type ConsumerProblem, consumerProblems } from './consumer-problems.ts'
import { type ConsumerRow, type PartitionRow, readConsumers } from './read-consumers.ts'

/** How far a consumer is behind. Where the transport counts the marks of its transactions, they count as events. */
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

export interface ConsumerStatus extends ConsumerFacts {
  readonly problems: readonly ConsumerProblem[]
}

export interface ConsumersStatus {
  readonly consumers: readonly ConsumerStatus[]
  /** Whether no consumer has a problem. */
  readonly healthy: boolean
}

const silentAfter = 30

const big = (text: string | null): bigint | undefined => (text === null ? undefined : BigInt(text))

const lagOf = ({ settled, log_end, oldest_age }: PartitionRow): ConsumerLag => {
  const [from, end] = [big(settled), big(log_end)]
  const behind = end === undefined ? undefined : end - (from ?? 0n)
  const events = behind !== undefined && behind < 0n ? 0n : behind
  // The clock of a writer may be ahead of the database's.
  return { events, seconds: Math.max(0, oldest_age ?? 0) }
}

const partitionOf = (row: PartitionRow): ConsumerPartition => ({
  name: row.name,
  state: row.silence < silentAfter ? 'reading' : 'silent',
  owner: row.owner,
  settled: big(row.settled),
  settledAt: row.settled_at ?? undefined,
  end: big(row.log_end),
  silence: row.silence,
  lag: lagOf(row),
})

const together = (partitions: readonly ConsumerPartition[]): ConsumerLag => {
  const known = partitions.map(({ lag }) => lag.events).filter((events) => events !== undefined)
  return {
    events: known.length === 0 ? undefined : known.reduce((sum, events) => sum + events, 0n),
    seconds: Math.max(0, ...partitions.map(({ lag }) => lag.seconds)),
  }
}

const statusOf = (row: ConsumerRow): ConsumerStatus => {
  const partitions = row.partitions.map(partitionOf)
  const { retries, queues, parked, held, released, quarantined_since } = row
  const facts: ConsumerFacts = {
    ...{ name: row.name, since: row.since, partitions, retries },
    lag: together(partitions),
    quarantine: { queues, parked, held, released, since: quarantined_since ?? undefined },
  }
  return { ...facts, problems: consumerProblems(facts) }
}

/** How every consumer is doing, from what PostgreSQL knows: the transport is not asked. */
export const consumerStatus = async (
  database: Database,
  { consumer }: { readonly consumer?: string } = {},
): Promise<ConsumersStatus> => {
  const consumers = (await readConsumers(database, consumer)).map(statusOf)
  return { consumers, healthy: consumers.every(({ problems }) => problems.length === 0) }
}
