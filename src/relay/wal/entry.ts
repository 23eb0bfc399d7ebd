import type { ReadLimits } from '../../log/ordered-reader.ts'
import { readSnapshot } from '../../log/read-snapshot.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { RawConnection } from '../../postgres/database.ts'
import type { CreatedSlot } from '../../postgres/replication.ts'
import type { Batch, Checkpoint, Part, Source } from '../source.ts'
import { type Leftover, leftoverOf, type Refill, walPlaceOf } from './checkpoint.ts'
import { publishedPositions } from './published-positions.ts'
import { remainder } from './remainder.ts'

export interface WalEntry {
  /** Of the relay. */
  readonly name: string
  /** Reads the table from the checkpoint, and goes on doing so until the slot stands. */
  readonly table: Source
  /** Where the table begins. */
  readonly checkpoint: Checkpoint
  readonly connection: RawConnection
  readonly schema: string
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly part: Part
  readonly limits: ReadLimits
  /** Creates the slot; called once the table has been read to its end for the first time. */
  readonly makeSlot: () => Promise<CreatedSlot>
  /** Begins to read the log behind the slot's consistent point. */
  readonly readOn: (slot: CreatedSlot, from: bigint, leftover: Leftover) => Promise<Source>
  /** What the refill did, once its end is safe. */
  readonly filled: (refill: Refill, slot: CreatedSlot) => void
}

interface Rest {
  /** Undefined once everything was read. */
  next(): Promise<readonly RawEvent[] | undefined>
  encode(event: RawEvent): OutgoingRecord
  /** What was read. */
  leftover(): Leftover
  readonly refill: Refill | undefined
}

/** Reads what the slot's snapshot sees beyond a checkpoint of the table, and remembers it. */
const readRest = (entry: WalEntry, { snapshot }: CreatedSlot, { position, text }: Checkpoint): Rest => {
  const { connection, schema, limits, part, encode } = entry
  const reader = readSnapshot(connection, schema, snapshot, position)
  const before = remainder(position, leftoverOf(text))
  const read = publishedPositions()
  return {
    next: async () => {
      const events = await reader.next(limits)
      if (events.length === 0) return undefined
      for (const event of events) read.add(BigInt(event.position))
      return events.filter((event) => !before.hasLeft(BigInt(event.position)) && part.keeps(event))
    },
    encode: (event) => before.mark(encode(event), BigInt(event.position)),
    leftover: () => ({ published: read.ranges(), highest: read.highest, refill: undefined }),
    get refill() {
      return before.refill
    },
  }
}

interface SlotInTheMaking {
  begin(): void
  /** @throws what creating it threw */
  made(): CreatedSlot | undefined
}

const slotInTheMaking = (make: () => Promise<CreatedSlot>): SlotInTheMaking => {
  let begun = false
  let made: CreatedSlot | undefined
  let fault: unknown
  const run = async (): Promise<void> => {
    try {
      made = await make()
    } catch (error) {
      fault = error ?? new Error('the slot was not created')
    }
  }
  return {
    begin: () => {
      if (!begun) void run()
      begun = true
    },
    made: () => {
      if (fault !== undefined) throw fault
      return made
    },
  }
}

const once = (work: () => Promise<void>): (() => Promise<void>) => {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}

/**
 * The way from the table into the write-ahead log, without a gap and without a repetition.
 *
 * The table is read first, with checkpoints of its own, because creating a slot waits for every open transaction and
 * pins the log from then on. Once the slot stands, three sets make up the log: what the table reader has handed out,
 * all up to a position P; what the slot's snapshot sees beyond P; and what commits behind the slot's consistent point.
 * The second is read inside the snapshot, in order. The third is streamed, where events up to P are left out: the table
 * reader may have been ahead of the snapshot. Until the second is through no checkpoint stands, so that a crash begins
 * again from the table.
 */
export const enterWal = (entry: WalEntry): Source => {
  const { name, table, readOn, filled } = entry
  const slot = slotInTheMaking(entry.makeSlot)
  const leaveTable = once(() => table.close())
  let last = entry.checkpoint
  let atBoundary = true
  let rest: Rest | undefined
  let wal: Source | undefined
  let isFilled = false

  const fromTable = async (): Promise<Batch> => {
    const batch = await table.next()
    atBoundary = batch.whole
    if (batch.whole) last = batch.checkpoint
    if (batch.caughtUp) slot.begin()
    return batch
  }

  const fromSnapshot = async (made: CreatedSlot, { next, encode, leftover }: Rest): Promise<Batch> => {
    const events = await next()
    if (events === undefined) {
      wal = await readOn(made, last.position, leftover())
      await leaveTable()
      return { ...(await wal.next()), due: true }
    }
    const since = events[0]?.occurredAt
    return { records: events.map(encode), since, checkpoint: last, whole: false, caughtUp: false, lag: 0n }
  }

  const settleWal = (source: Source, checkpoint: Checkpoint): void => {
    source.settled(checkpoint)
    const made = slot.made()
    if (!isFilled && made !== undefined && rest?.refill !== undefined) filled(rest.refill, made)
    isFilled = true
  }

  return {
    next: async () => {
      if (wal !== undefined) return wal.next()
      const made = slot.made()
      if (made === undefined || !atBoundary) return fromTable()
      rest ??= readRest(entry, made, last)
      return fromSnapshot(made, rest)
    },
    settled: (checkpoint) => {
      // What the table handed out may be settled when the log was already begun: the session reads ahead.
      const isWal = walPlaceOf(name, checkpoint.text) !== undefined
      if (wal === undefined || !isWal) table.settled(checkpoint)
      else settleWal(wal, checkpoint)
    },
    wait: (progress, signal) => (wal ?? table).wait(progress, signal),
    close: async () => {
      await wal?.close()
      await leaveTable()
    },
  }
}
