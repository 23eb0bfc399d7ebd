import { OnewriteError } from '../error/onewrite-error.ts'
import { type Pace, type PaceOptions, pace } from '../lifecycle/pace.ts'
import { orderedReader, type Page, type ReadLimits } from '../log/ordered-reader.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { Database, RawConnection } from '../postgres/database.ts'
import { checkpointPosition } from './checkpoint.ts'
import type { Part, RelaySource, Source, SourceContext } from './source.ts'
import { cutter } from './unit.ts'
import { leftoverOf, walPlaceOf } from './wal/checkpoint.ts'
import { type Remainder, remainder } from './wal/remainder.ts'
import { abandonSlot } from './wal/slot.ts'

export interface TableSourceOptions {
  readonly database: Database
  readonly encode: (event: RawEvent) => OutgoingRecord
  /** Default 2,000 events and 1 MiB a page. */
  readonly page?: Partial<ReadLimits>
  readonly polling?: PaceOptions
  /** Default: the whole log. */
  readonly part?: Part
}

export const wholeLog: Part = { keeps: () => true, from: 0n }

/** What a shard leaves to others moves its checkpoint too, at least this often while nothing falls to it. */
const passed = { events: 10_000, milliseconds: 10_000 }

/**
 * Small pages keep memory flat: 170 MiB at most with these, both for 100,000 transactions and for one of 100,000
 * events, against 200 and 236 with pages of 5,000 and 16 MiB on the way, at the same rate.
 */
export const pageDefaults: ReadLimits = { events: 2_000, bytes: 1024 * 1024 }

const checkPrimary = async (database: Database): Promise<void> => {
  const { rows } = await database.query<{ replica: boolean }>('select pg_is_in_recovery() as replica')
  if (rows[0]?.replica === true) throw new OnewriteError('DATABASE_IS_REPLICA', { address: database.address })
}

interface Reading {
  readonly name: string
  readonly connection: RawConnection
  readonly schema: string
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly limits: ReadLimits
  readonly pace: Pace
  readonly from: bigint
  readonly keeps: (event: RawEvent) => boolean
  readonly rest: Remainder
}

/**
 * Reads pages of the log below the horizon and cuts them where no unit is open.
 *
 * The checkpoint is the position of an event, never that of the horizon: a position that was drawn and rolled back is
 * given out again when PostgreSQL crashes before its log is on the disk, and an event may then be committed under it.
 */
const readTable = ({ name, connection, schema, limits, pace, from, rest, ...reading }: Reading): Source => {
  const reader = orderedReader(connection, schema, from)
  const units = cutter(limits.bytes)
  const encode = (event: RawEvent) => rest.mark(reading.encode(event), BigInt(event.position))
  let last = rest.checkpointAt(from)
  let skipped = 0
  let skippedSince = 0

  const checkRestored = ({ end }: Page): void => {
    if (from <= end) return
    throw new OnewriteError('CHECKPOINT_AHEAD', { name, checkpoint: from, end })
  }

  const mine = (events: readonly RawEvent[]): readonly RawEvent[] => {
    const kept = events.filter((event) => !rest.hasLeft(BigInt(event.position)) && reading.keeps(event))
    if (skipped === 0) skippedSince = performance.now()
    skipped += events.length - kept.length
    return kept
  }

  const isDue = (): boolean =>
    skipped >= passed.events || (skipped > 0 && performance.now() - skippedSince >= passed.milliseconds)

  return {
    next: async () => {
      const page = await reader.next(limits)
      checkRestored(page)
      const { events, whole, through } = units.add(page.events, page.through)
      const final = events.at(-1)
      const kept = mine(events)
      const records = kept.map(encode)
      if (final !== undefined) last = rest.checkpointAt(BigInt(final.position))
      const lag = page.end > through ? page.end - through : 0n
      return {
        records,
        since: kept[0]?.occurredAt,
        checkpoint: last,
        whole,
        caughtUp: page.caughtUp,
        due: isDue(),
        lag,
      }
    },
    settled: () => {
      skipped = 0
    },
    wait: (progress, signal) => pace.wait(progress, signal),
    close: () => connection.close(),
  }
}

/** The log read as a table, in the order of its positions. Any PostgreSQL, no privilege beyond SELECT. */
export const tableSource = (options: TableSourceOptions): RelaySource => {
  const { database, encode, page, polling, part = wholeLog } = options
  const looking = pace(polling)
  const limits = { ...pageDefaults, ...page }
  const open = async ({ name, checkpoint, logger }: SourceContext): Promise<Source> => {
    await checkPrimary(database)
    const from = checkpoint === undefined ? part.from : checkpointPosition(name, checkpoint)
    const rest = remainder(from, leftoverOf(checkpoint))
    const place = walPlaceOf(name, checkpoint)
    if (place !== undefined) await abandonSlot({ database, slot: place.slot, relay: name, logger })
    const connection = await database.rawConnection({ applicationName: `onewrite relay ${name}` })
    const { schema } = database
    const { keeps } = part
    return readTable({ name, connection, schema, encode, limits, pace: looking, from, keeps, rest })
  }
  return { kind: 'table', open, poke: looking.poke }
}
