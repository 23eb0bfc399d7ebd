import { horizon } from '../../log/horizon.ts'
import { markReader } from '../../log/read-marks.ts'
import type { RawConnection } from '../../postgres/database.ts'
import { parseLsn } from '../../postgres/lsn.ts'

interface Line {
  /** Every event up to here was committed, or never will be, */
  readonly horizon: bigint
  /** before this place in the write-ahead log. */
  readonly lsn: bigint
}

/** Finds out up to which position everything has been read from the write-ahead log. */
export interface Floor {
  /**
   * Looks again, at most once in so many milliseconds, unless the last look still waits to be reached. What goes wrong
   * is told by `fault`.
   */
  look(atMostEvery: number): void
  /** The highest horizon that lies before a place in the log; undefined where none was found yet. */
  reached(lsn: bigint): bigint | undefined
  /** The last position drawn by any writer when this was last looked at. */
  readonly end: bigint
  /** What ended the looking. */
  readonly fault: unknown
}

// The place is read after the horizon, so that every commit below the horizon was written before it.
const placeSql = 'select pg_current_wal_insert_lsn()::text'

export interface FloorOptions {
  readonly connection: RawConnection
  readonly schema: string
  readonly from: bigint
  /** Throws where what is streamed is no longer all of the log; runs behind every place that is looked at. */
  readonly check: () => Promise<void>
}

export const walFloor = ({ connection, schema, from, check }: FloorOptions): Floor => {
  const readMarks = markReader(connection, schema)
  const line = horizon(from)
  let end = from
  let looking = false
  let lookedAt = Number.NEGATIVE_INFINITY
  let pending: Line | undefined
  let fault: unknown

  const read = async (): Promise<void> => {
    const marks = await readMarks()
    end = marks.lastPosition
    const safe = line.advance(marks)
    const [place] = await connection.read(placeSql)
    await check()
    pending = { horizon: safe, lsn: parseLsn(place?.[0] ?? '') }
  }

  return {
    look: (atMostEvery) => {
      if (looking || pending !== undefined || performance.now() - lookedAt < atMostEvery) return
      looking = true
      lookedAt = performance.now()
      read()
        .catch((error: unknown) => {
          fault ??= error
        })
        .finally(() => {
          looking = false
        })
    },
    reached: (lsn) => {
      if (pending === undefined || lsn < pending.lsn) return undefined
      const reached = pending.horizon
      pending = undefined
      return reached
    },
    get end() {
      return end
    },
    get fault() {
      return fault
    },
  }
}
