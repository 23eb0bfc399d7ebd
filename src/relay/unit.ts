import type { RawEvent } from '../message/raw-event.ts'

/** Which events may leave now. */
export interface Cut {
  readonly events: readonly RawEvent[]
  /** Whether all units handed out so far are complete: a checkpoint may stand here. */
  readonly whole: boolean
  /** Everything up to this position was handed out. */
  readonly through: bigint
}

export interface Cutter {
  /** Adds a page, whose events follow those added before, and returns what may leave. */
  add(events: readonly RawEvent[], through: bigint): Cut
}

const bytesOf = (events: readonly RawEvent[]): number =>
  events.reduce((sum, { payload }) => sum + payload.length, 0)

/**
 * Cuts the log where no unit is open. A unit is what one append recorded: its rows share transaction and count, come
 * in the order of their ordinals, and the last has ordinal count - 1. Units of concurrent writers interleave.
 *
 * Events behind the last such place are held back until their units are complete. Where they exceed `holdBytes`, they
 * leave in parts, and no cut is whole until the last open unit was seen to its end.
 */
export const cutter = (holdBytes: number): Cutter => {
  const open = new Set<string>()
  let held: RawEvent[] = []
  let torn = false

  const look = ({ ordinal, count, transactionId }: RawEvent): void => {
    if (ordinal !== count - 1) open.add(`${transactionId} ${count}`)
    else if (open.size > 0) open.delete(`${transactionId} ${count}`)
  }

  const release = (length: number, whole: boolean, through: bigint): Cut => {
    const events = held.slice(0, length)
    held = held.slice(length)
    torn = !whole
    const next = held[0]
    return { events, whole, through: next === undefined ? through : BigInt(next.position) - 1n }
  }

  return {
    add: (events, through) => {
      let complete = open.size === 0 ? held.length : 0
      for (const event of events) {
        look(event)
        held.push(event)
        if (open.size === 0) complete = held.length
      }
      if (complete > 0 || open.size === 0) return release(complete, true, through)
      if (torn || bytesOf(held) > holdBytes) return release(held.length, false, through)
      return release(0, true, through)
    },
  }
}
