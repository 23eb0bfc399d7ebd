/** What an UPDATE or DELETE leaves out: a long value, stored apart, that the statement did not change. */
export const unchangedToast: unique symbol = Symbol('unchanged toast')

/** The text PostgreSQL prints for a value, never parsed; `null` where the column is null. */
export type ColumnValue = string | null | typeof unchangedToast

export interface RelationColumn {
  readonly name: string
  /** Part of the replica identity. */
  readonly key: boolean
  /** Object id of the type, for example 3802 for jsonb. */
  readonly type: number
  /** Type modifier, for example the length of a varchar plus 4; -1 where there is none. */
  readonly modifier: number
}

/** A table as it was when the rows that refer to it were written. */
export interface Relation {
  readonly id: number
  readonly schema: string
  readonly table: string
  readonly identity: 'default' | 'nothing' | 'full' | 'index'
  /** In the order of the values of a row. */
  readonly columns: readonly RelationColumn[]
}

/** Opens a transaction. Only committed ones arrive, one after the other, in the order of their commits. */
export interface TransactionBegin {
  readonly kind: 'begin'
  /** Where the record of the commit begins; that of `TransactionCommit.end` lies behind it. */
  readonly lsn: bigint
  /** Microseconds since 1970. */
  readonly committedAt: bigint
  readonly transactionId: number
}

export interface TransactionCommit {
  readonly kind: 'commit'
  readonly lsn: bigint
  /** Where the record of the commit ends: acknowledge this, and never one more. */
  readonly end: bigint
  /** Microseconds since 1970. */
  readonly committedAt: bigint
}

export interface RowInserted {
  readonly kind: 'insert'
  readonly relation: Relation
  readonly values: readonly ColumnValue[]
}

export interface RowUpdated {
  readonly kind: 'update'
  readonly relation: Relation
  readonly values: readonly ColumnValue[]
  /** The row before, or its key; undefined where the replica identity does not keep it. */
  readonly old: readonly ColumnValue[] | undefined
}

export interface RowDeleted {
  readonly kind: 'delete'
  readonly relation: Relation
  /** The row, or only its key with null elsewhere. */
  readonly old: readonly ColumnValue[]
}

export interface TableTruncated {
  readonly kind: 'truncate'
  readonly relations: readonly Relation[]
}

/** What `pg_logical_emit_message` wrote. */
export interface LogicalMessage {
  readonly kind: 'message'
  /** A transactional one stands between begin and commit; another outside, whatever became of its transaction. */
  readonly transactional: boolean
  readonly lsn: bigint
  readonly prefix: string
  readonly content: Buffer
}

/** Everything committed before `end` was sent before this. */
export interface Keepalive {
  readonly kind: 'keepalive'
  readonly end: bigint
}

/** What a replication stream delivers, in the order of the write-ahead log. */
export type Change =
  | TransactionBegin
  | TransactionCommit
  | RowInserted
  | RowUpdated
  | RowDeleted
  | TableTruncated
  | LogicalMessage
  | Keepalive

export interface StreamOptions {
  readonly slot: string
  readonly publications: readonly string[]
  /** Whether logical messages are wanted. Default false. */
  readonly messages?: boolean
  /** Bytes that may wait to be taken; beyond them the socket is paused. Default 1 MiB. */
  readonly bufferBytes?: number
}

/** Changes as they arrive. Once the stream has broken, what arrived before can still be taken. */
export interface ReplicationStream {
  /**
   * Takes everything that has arrived, in order; empty when nothing has.
   *
   * @throws the fault that ended the stream, once nothing is left to take
   */
  take(): readonly Change[]
  /** Resolves once `take` has something to give or to throw, or the signal is aborted. */
  arrived(signal: AbortSignal): Promise<void>
  /**
   * Everything that ends at or before `lsn` is dealt with for good: PostgreSQL may forget it. Sent within 100 ms, and at
   * `close`; a lower one than before changes nothing.
   */
  acknowledge(lsn: bigint): void
}

export interface SystemIdentity {
  readonly systemId: string
  readonly timeline: number
  /** How far the write-ahead log is flushed. */
  readonly flushed: bigint
  readonly database: string
}

export interface CreatedSlot {
  readonly slot: string
  /** Transactions that commit after this point are in the stream, the others in the snapshot. */
  readonly consistentPoint: bigint
  /** For SET TRANSACTION SNAPSHOT elsewhere; valid until the next command on this connection. */
  readonly snapshot: string
}

/** A connection to the walsender. One command at a time; after `stream` nothing but the stream. */
export interface ReplicationConnection {
  identify(): Promise<SystemIdentity>
  /**
   * Waits for every open transaction that has written.
   *
   * @throws SLOTS_EXHAUSTED, WAL_LEVEL_TOO_LOW, SLOT_EXISTS
   */
  createSlot(slot: string): Promise<CreatedSlot>
  /** @throws SLOT_MISSING, SLOT_IN_USE */
  dropSlot(slot: string): Promise<void>
  /**
   * Streams from where the slot stands.
   *
   * @throws SLOT_MISSING, SLOT_IN_USE, SLOT_ELSEWHERE, SLOT_LOST
   */
  stream(options: StreamOptions): Promise<ReplicationStream>
  /** True once the connection is gone. */
  readonly closed: boolean
  /** Sends the last acknowledgement and closes. Never rejects. */
  close(): Promise<void>
}
