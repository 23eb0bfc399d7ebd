import type { Assignment } from '../../transport/subscriber.ts'
import type { ReceivedEvent, UnreadableRecord } from '../message/received.ts'
import type { Owned } from './ownership.ts'
import type { SettledPrefix } from './settled-prefix.ts'

/** A partition that this instance owns. */
export interface PartitionInHand {
  readonly assignment: Assignment
  readonly owned: Owned
  readonly prefix: SettledPrefix
  /** Where it began; undefined where only the transport knows. */
  readonly begun: bigint | undefined
  /** False once nothing of it may be begun any more. */
  open: boolean
  /** Up to where its progress was saved. */
  saved: bigint | undefined
}

/** A record that has to be dealt with, and where it came from. */
export interface Entry {
  readonly received: ReceivedEvent | UnreadableRecord
  readonly partition: PartitionInHand
  readonly offset: bigint
  readonly bytes: number
}

/** What became of an event that is dealt with. */
export interface Dealt {
  readonly entry: Entry
  readonly end: 'done' | 'seen' | 'held' | 'skipped' | 'unreadable'
  readonly reason?: string
}
