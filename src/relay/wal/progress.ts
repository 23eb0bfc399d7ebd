import type { Checkpoint } from '../source.ts'
import { type Leftover, type WalPlace, walCheckpoint } from './checkpoint.ts'
import type { Floor } from './floor.ts'
import { publishedPositions } from './published-positions.ts'

/** How far the write-ahead log was handed out. */
export interface WalProgress {
  /** An event that left before this reader began. */
  hasLeft(position: bigint): boolean
  /** An event was handed out, or is another shard's. */
  handed(position: bigint): void
  /** Everything that ends at or before was handed out. */
  reached(lsn: bigint): void
  checkpoint(): Checkpoint
  readonly lsn: bigint
  /** Every event up to here was handed out. */
  readonly position: bigint
  readonly highest: bigint
}

const greater = (one: bigint, other: bigint): bigint => (one > other ? one : other)

/**
 * The floor is the horizon as it was before a place in the log that is reached now: every event below was committed
 * before that place. It never exceeds the highest event handed out, because positions beyond it are given out again
 * when PostgreSQL crashes before they are on the disk.
 */
export const walProgress = (place: WalPlace, from: bigint, leftover: Leftover, floor: Floor): WalProgress => {
  const before = publishedPositions(leftover.published ?? [])
  const handed = publishedPositions(leftover.published ?? [])
  // Where the ranges are unknown they stay so until the floor has passed them.
  const unknownThrough = leftover.published === undefined ? leftover.highest : 0n
  let { lsn } = place
  let position = from
  let highest = greater(from, leftover.highest)

  const raise = (horizon: bigint): void => {
    const reached = horizon < highest ? horizon : highest
    if (reached <= position) return
    position = reached
    handed.dropThrough(position)
  }

  return {
    hasLeft: (at) => at <= from || before.has(at),
    handed: (at) => {
      handed.add(at)
      highest = greater(highest, at)
    },
    reached: (at) => {
      lsn = greater(lsn, at)
      const horizon = floor.reached(lsn)
      if (horizon !== undefined) raise(horizon)
    },
    checkpoint: () => {
      const published = unknownThrough > position ? undefined : handed.ranges()
      const ahead = highest > position ? highest : 0n
      return walCheckpoint({ ...place, lsn }, position, { published, highest: ahead, refill: undefined })
    },
    get lsn() {
      return lsn
    },
    get position() {
      return position
    },
    get highest() {
      return highest
    },
  }
}
