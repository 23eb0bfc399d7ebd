import { lastPosition } from '../log/last-position.ts'
import type { Database } from '../postgres/database.ts'
import { lagBehind } from './lag.ts'
import { type RelayRow, readRelays } from './read-relays.ts'
import type { RefillStatus, RelayFacts, RelayState, SlotStatus } from './relay-facts.ts'
import { type RelayProblem, relayProblems } from './relay-problems.ts'

export interface RelayStatus extends RelayFacts {
  readonly problems: readonly RelayProblem[]
}

export interface RelaysStatus {
  /** The last position that any writer has drawn. */
  readonly lastPosition: bigint
  readonly relays: readonly RelayStatus[]
  /** Whether no relay has a problem. */
  readonly healthy: boolean
}

const bytes = (text: string | null): bigint | undefined => (text === null ? undefined : BigInt(text))

const stateOf = ({ held, lease_owner, registered_owner }: RelayRow): RelayState => {
  if (held === true) return lease_owner === registered_owner ? 'leading' : 'starting'
  return lease_owner === null || lease_owner === '' ? 'stopped' : 'stale'
}

/** The text of a checkpoint is JSON that names its source; one that is not is somebody else's to complain about. */
const readingOf = ({ source, state }: RelayRow): string | undefined =>
  source === 'auto' ? /"source":"(\w+)"/.exec(state ?? '')?.[1] : source === 'outbox' ? 'wal' : source

const percentOf = (part: bigint | undefined, whole: bigint | undefined): number | undefined =>
  part === undefined || whole === undefined || whole === 0n ? undefined : Number((part * 1000n) / whole) / 10

const slotOf = (row: RelayRow): SlotStatus | undefined => {
  if (row.slot === null) return undefined
  const retainedBytes = bytes(row.retained_bytes)
  const budgetBytes = bytes(row.wal_budget)
  return {
    name: row.slot,
    exists: row.slot_exists,
    active: row.slot_active === true,
    walStatus: row.wal_status ?? undefined,
    retainedBytes,
    lagBytes: bytes(row.slot_lag_bytes),
    safeBytes: bytes(row.safe_bytes),
    budgetBytes,
    budgetPercent: percentOf(retainedBytes, budgetBytes),
  }
}

const refillOf = (row: RelayRow): RefillStatus | undefined =>
  row.refill_found_at === null
    ? undefined
    : {
        reason: row.refill_reason ?? '',
        from: BigInt(row.refill_from ?? '0'),
        to: BigInt(row.refill_to ?? '0'),
        foundAt: row.refill_found_at,
        finishedAt: row.refill_finished_at ?? undefined,
        count: BigInt(row.refills),
      }

const toStatus = async (database: Database, row: RelayRow, end: bigint): Promise<RelayStatus> => {
  const position = bytes(row.position)
  const facts: RelayFacts = {
    name: row.name,
    state: stateOf(row),
    source: row.source,
    reading: readingOf(row),
    delivery: row.delivery,
    shard: { index: row.shard, of: row.shards },
    owner: row.lease_owner || row.registered_owner || undefined,
    leaseExpiresAt: row.lease_expires_at ?? undefined,
    ledAt: row.led_at,
    position,
    checkpointAge: row.checkpoint_age ?? undefined,
    lag: row.source === 'outbox' ? undefined : await lagBehind(database, position ?? 0n, end),
    slot: slotOf(row),
    quarantine: { queues: BigInt(row.queues), parked: BigInt(row.parked), held: BigInt(row.waiting) },
    refill: refillOf(row),
  }
  return { ...facts, problems: relayProblems(facts) }
}

/** How every relay is doing, from what PostgreSQL knows: Kafka is not asked. Needs what the relay role may do. */
export const relayStatus = async (database: Database): Promise<RelaysStatus> => {
  const end = await lastPosition(database)
  const relays: RelayStatus[] = []
  for (const row of await readRelays(database)) relays.push(await toStatus(database, row, end))
  return { lastPosition: end, relays, healthy: relays.every(({ problems }) => problems.length === 0) }
}
