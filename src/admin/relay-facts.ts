import type { Lag } from './lag.ts'

/**
 * - `leading`: an instance holds the lease and has registered
 * - `starting`: an instance holds the lease and has not registered yet
 * - `stale`: the leader went silent, and nobody has taken over yet
 * - `stopped`: the lease was given back
 *
 * Instances that stand by leave no trace in the database.
 */
export type RelayState = 'leading' | 'starting' | 'stale' | 'stopped'

export interface SlotStatus {
  readonly name: string
  /** False: it was dropped, or never made. */
  readonly exists: boolean
  /** Whether somebody streams from it now. */
  readonly active: boolean
  /** As PostgreSQL says: reserved, extended, unreserved, lost. */
  readonly walStatus: string | undefined
  /** Bytes of write-ahead log that are kept for it. */
  readonly retainedBytes: bigint | undefined
  /** Bytes between what it has confirmed and the end of the write-ahead log. */
  readonly lagBytes: bigint | undefined
  /** Bytes that can be written before it may be lost; undefined where max_slot_wal_keep_size is unlimited. */
  readonly safeBytes: bigint | undefined
  readonly budgetBytes: bigint | undefined
  /** Share of the budget that is used, in percent. */
  readonly budgetPercent: number | undefined
}

/** Records that the transport refused for good, and what waits behind them. */
export interface QuarantineStatus {
  /** Keys, topics and single records that have a queue. */
  readonly queues: bigint
  readonly parked: bigint
  readonly held: bigint
}

/** The last time the place in the write-ahead log was lost: records of this range may have been published twice. */
export interface RefillStatus {
  readonly reason: string
  /** Everything up to here had left before. */
  readonly from: bigint
  readonly to: bigint
  readonly foundAt: string
  /** Undefined while it goes on. */
  readonly finishedAt: string | undefined
  /** How many there were, this one included. */
  readonly count: bigint
}

/** What PostgreSQL knows of a relay. */
export interface RelayFacts {
  readonly name: string
  readonly state: RelayState
  /** As configured: `table`, `wal`, `auto` or `outbox`. */
  readonly source: string
  /** What it reads now, `table` or `wal`; undefined before its first checkpoint. */
  readonly reading: string | undefined
  readonly delivery: string
  /** From 0, and of how many. */
  readonly shard: { readonly index: number; readonly of: number }
  /** Who holds the lease, or held it last. */
  readonly owner: string | undefined
  /** RFC 3339; undefined where the lease was given back. */
  readonly leaseExpiresAt: string | undefined
  readonly ledAt: string
  /** Every event of the log up to here has left; undefined where it has no checkpoint. */
  readonly position: bigint | undefined
  /** Seconds since that was last said. It is said when something was published, at most once a second. */
  readonly checkpointAge: number | undefined
  /** Undefined for an outbox of somebody else: what waits there is told by its slot. */
  readonly lag: Lag | undefined
  readonly slot: SlotStatus | undefined
  readonly quarantine: QuarantineStatus
  readonly refill: RefillStatus | undefined
}
