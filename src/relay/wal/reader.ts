import { OnewriteError } from '../../error/onewrite-error.ts'
import type { ReadLimits } from '../../log/ordered-reader.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { RawConnection } from '../../postgres/database.ts'
import type { ReplicationStream } from '../../postgres/replication.ts'
import type { Batch, Checkpoint, Part, Source } from '../source.ts'
import { type Leftover, type WalPlace, walPlaceOf } from './checkpoint.ts'
import { walFloor } from './floor.ts'
import { walGatherer } from './gatherer.ts'
import { walProgress } from './progress.ts'
import { walRows } from './rows.ts'

export interface WalReading {
  /** Of the relay. */
  readonly name: string
  readonly stream: ReplicationStream
  /** For looking at the horizon; closed by whoever opened it. */
  readonly connection: RawConnection
  readonly schema: string
  readonly place: WalPlace
  /** Every event up to here has left. */
  readonly from: bigint
  readonly leftover: Leftover
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly part: Part
  readonly limits: ReadLimits
  /** Throws where the publication is no longer what it was. */
  readonly check: () => Promise<void>
}

/** A place worth keeping although nothing was published: PostgreSQL may then forget what lies before. */
const keepIdle = { every: 10_000, bytes: 16n * 1024n * 1024n } as const
const wakeEvery = 1000
/** Milliseconds between looks at the horizon while it may rise, and otherwise: the publication may have gone. */
const looks = { soon: 1000, idle: 10_000 } as const

/** Resolves when something arrives, after a while, or when the signal is aborted. */
const arrival = async (stream: ReplicationStream, signal: AbortSignal): Promise<void> => {
  const enough = new AbortController()
  const stop = (): void => enough.abort()
  const timer = setTimeout(stop, wakeEvery)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  await stream.arrived(enough.signal)
  clearTimeout(timer)
  signal.removeEventListener('abort', stop)
}

/**
 * Hands out the log from a place on. What is acknowledged is what a checkpoint says, to the byte: a transaction whose
 * commit begins before it would not be sent again.
 */
export const readWal = (options: WalReading): Source => {
  const { name, stream, connection, schema, place, from, leftover, encode, part, limits } = options
  const floor = walFloor({ connection, schema, from, check: options.check })
  const progress = walProgress(place, from, leftover, floor)
  const rows = walRows({ stream, schema, place, progress })
  const gather = walGatherer({ rows, progress, encode, part, limits })
  let settled = { lsn: place.lsn, position: from, at: performance.now() }
  stream.acknowledge(place.lsn)

  const isDue = (): boolean => {
    const { lsn, position } = progress
    if (rows.isOpen || lsn === settled.lsn) return false
    const waited = performance.now() - settled.at >= keepIdle.every
    return waited || lsn - settled.lsn > keepIdle.bytes || position > settled.position
  }

  const checkFloor = (): void => {
    if (floor.fault !== undefined) throw floor.fault
    // Where the server takes leave of this connection, the walsender must not keep it from stopping.
    if (connection.closed) {
      throw new OnewriteError('REPLICATION_ENDED', { slot: place.slot, cause: 'the connection was closed' })
    }
    floor.look(progress.position < progress.highest ? looks.soon : looks.idle)
  }

  return {
    next: async (): Promise<Batch> => {
      checkFloor()
      const { unaccepted } = rows
      if (unaccepted !== undefined) {
        // Nothing is handed out behind a change of the publication: rows before it may be missing.
        await options.check()
        rows.accept(unaccepted)
      }
      const { records, since, caughtUp } = gather()
      const whole = !rows.isOpen
      const lag = floor.end > progress.highest ? floor.end - progress.highest : 0n
      return { records, since, checkpoint: progress.checkpoint(), whole, caughtUp, due: isDue(), lag }
    },
    settled: (checkpoint: Checkpoint) => {
      const lsn = walPlaceOf(name, checkpoint.text)?.lsn
      if (lsn === undefined) return
      settled = { lsn, position: checkpoint.position, at: performance.now() }
      stream.acknowledge(lsn)
    },
    wait: (_progress, signal) => arrival(stream, signal),
    close: () => Promise.resolve(),
  }
}
