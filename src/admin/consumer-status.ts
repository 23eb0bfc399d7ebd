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

/** Positions of the log count the events of all its partitions. */
const shareOf = (name: string): bigint => BigInt(/^log\/\d+-of-([1-9]\d*)$/.exec(name)?.[1] ?? 1)

const eventsOf = ({ name, settled, log_end }: PartitionRow): bigint | undefined => {
  const [from, end] = [big(settled) ?? 0n, big(log_end)]
  if (end === undefined) return undefined
  const share = shareOf(name)
  return end > from ? (end - from + share - 1n) / share : 0n
}

/** The clock of a writer may be ahead of the database's. */
const lagOf = (row: PartitionRow): ConsumerLag => ({
  events: eventsOf(row),
  seconds: Math.max(0, row.oldest_age ?? 0),
})

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
