import type { Database } from '../postgres/database.ts'
import type { ConsumerFacts, ConsumerLag, ConsumerPartition } from './consumer-facts.ts'
import { type ConsumerProblem, consumerProblems } from './consumer-problems.ts'
import { type ConsumerRow, type PartitionRow, readConsumers } from './read-consumers.ts'

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
