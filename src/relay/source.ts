import type { Logger } from '../lifecycle/logger.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'

/** Where a source goes on. */
export interface Checkpoint {
  /** What the source needs for that: JSON. It stands in Kafka (exactly once) or in PostgreSQL (at least once). */
  readonly text: string
  /**
   * Every event of the log up to here has left, whatever the source reads. Status, retention and a refill go by it;
   * 0 where a source does not read the log.
   */
  readonly position: bigint
}

/** What a source hands on at a time, in order. */
export interface Batch {
  readonly records: readonly OutgoingRecord[]
  /** RFC 3339: when the first of them was recorded; undefined where there is none. */
  readonly since: string | undefined
  /** Where to go on once everything up to and including this batch has left. */
  readonly checkpoint: Checkpoint
  /** Whether no unit is open behind it: a checkpoint may stand here. */
  readonly whole: boolean
  /** Whether nothing more can be read now. */
  readonly caughtUp: boolean
  /** The checkpoint is worth keeping although nothing was published. Default false. */
  readonly due?: boolean
  /** About how many events are waiting behind this batch. */
  readonly lag: bigint
}

export interface Source {
  /** The next batch. One call at a time; the session reads ahead while the batch before leaves. */
  next(): Promise<Batch>
  /** Everything up to here has left for good, and the checkpoint says so. */
  settled(checkpoint: Checkpoint): void
  /** Resolves when there may be more, or when the signal is aborted. `progress`: the last look found something. */
  wait(progress: boolean, signal: AbortSignal): Promise<void>
  /** Never rejects. */
  close(): Promise<void>
}

export interface SourceContext {
  /** Of the relay. */
  readonly name: string
  /** Text of the last checkpoint; undefined for a relay that never had one. */
  readonly checkpoint: string | undefined
  /** Fencing token of the lease. */
  readonly token: bigint
  /** Aborted when the relay stops or no longer leads: opening may take long. */
  readonly signal: AbortSignal
  readonly logger: Logger
}

/** Which part of the log a source hands on. */
export interface Part {
  readonly keeps: (event: RawEvent) => boolean
  /** Where to begin without a checkpoint. */
  readonly from: bigint
}

export type GuardContext = Pick<SourceContext, 'name' | 'signal' | 'logger'>

/** A kind of source, configured; opened anew for every leadership. */
export interface RelaySource {
  /** `table` or `wal`, for status. */
  readonly kind: string
  /** Replication slot of the relay of this name, where it has one. */
  readonly slotOf?: (relay: string) => string
  /** Bytes of write-ahead log that its slot may hold back. */
  readonly walBudget?: number
  /** @throws CHECKPOINT_UNREADABLE and what the database answers */
  open(context: SourceContext): Promise<Source>
  /**
   * Runs at the beginning of each leadership, before the transport is opened: it may be down for long, and what the
   * source holds back in PostgreSQL must stay within its bounds. Default: nothing.
   */
  guard?(context: GuardContext): Promise<void>
  /** Something was just committed in this process. */
  poke(): void
}
