import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Checkpoint } from './source.ts'

/** Where a relay's records and checkpoint go. After a rejection it is spent: close it and open a new one. */
export interface Sink {
  /** Text of the last checkpoint: everything up to there has left for good. Undefined where there was none. */
  readonly checkpoint: string | undefined
  /** Hands records over; rejects as soon as an earlier hand-over has failed. Waits while too much is on the way. */
  send(records: readonly OutgoingRecord[]): Promise<void>
  /** Waits until everything handed over is safe, and moves the checkpoint with it. */
  settle(checkpoint: Checkpoint): Promise<void>
  /** Gives up what is not settled. Never rejects. */
  close(): Promise<void>
}
