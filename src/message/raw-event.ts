/**
 * A recorded event as text, as the log's reader hands it to the relay: payload and metadata are JSON exactly
 * as PostgreSQL prints them and are never parsed on the way, so that no digit of a number is lost.
 */
export interface RawEvent {
  /** Decimal digits of a bigint. */
  readonly position: string
  readonly id: string
  readonly aggregate: string
  readonly aggregateId: string
  /** Decimal digits; from 1 within the stream. */
  readonly sequence: string
  readonly type: string
  readonly version: string
  readonly payload: string
  readonly metadata: string
  /** RFC 3339 in UTC with microseconds, for example `2026-11-21T10:00:00.123456Z`. */
  readonly occurredAt: string
  readonly transactionId: string
  /** From 0 within the transaction. */
  readonly ordinal: number
  /**
   * How many events the transaction had recorded when this one's append ended; its last event has ordinal
   * count - 1.
   */
  readonly count: number
}
