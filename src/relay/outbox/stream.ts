import { OnewriteError } from '../../error/onewrite-error.ts'
import type { ReadLimits } from '../../log/ordered-reader.ts'
import type { OutboxReader } from '../../outbox/outbox-reader.ts'
import type { ReplicationStream } from '../../postgres/replication.ts'
import type { Batch, Checkpoint, Source } from '../source.ts'
import type { WalPlace } from '../wal/checkpoint.ts'
import { outboxCheckpoint, outboxPlaceOf } from './checkpoint.ts'
import { outboxGatherer } from './gatherer.ts'

export interface OutboxStreaming {
  /** Of the relay. */
  readonly name: string
  readonly stream: ReplicationStream
  readonly reader: OutboxReader
  readonly place: WalPlace
  /** Nothing says yet that the place is where it is. */
  readonly isNew: boolean
  readonly limits: ReadLimits
  /** True once the connection that asks the catalogue is gone. */
  readonly isCut: () => boolean
}

/** A place worth keeping although nothing was published: PostgreSQL may then forget what lies before. */
const keepIdle = { every: 10_000, bytes: 16n * 1024n * 1024n } as const
const lookAgain = 1000

/** Resolves when something arrives, after a while, or when the signal is aborted. */
const arrival = async (stream: ReplicationStream, signal: AbortSignal): Promise<void> => {
  const enough = new AbortController()
  const stop = (): void => enough.abort()
  const timer = setTimeout(stop, lookAgain)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  await stream.arrived(enough.signal)
  clearTimeout(timer)
  signal.removeEventListener('abort', stop)
}

/**
 * Hands out an outbox from a place in the write-ahead log on. What is acknowledged is what a checkpoint says, to the
 * byte: a transaction whose commit begins before it would not be sent again.
 */
export const streamOutbox = (options: OutboxStreaming): Source => {
  const { name, stream, reader, place, limits, isCut } = options
  const gatherer = outboxGatherer({ stream, reader, from: place.lsn, limits })
  let settled = { lsn: options.isNew ? 0n : place.lsn, at: performance.now() }
  if (!options.isNew) stream.acknowledge(place.lsn)

  const isDue = (): boolean => {
    const { reached, isOpen } = gatherer
    if (isOpen || reached === settled.lsn) return false
    const waited = performance.now() - settled.at >= keepIdle.every
    return settled.lsn === 0n || waited || reached - settled.lsn > keepIdle.bytes
  }

  return {
    next: async (): Promise<Batch> => {
      // Where the server takes leave of its clients, the walsender must not keep it from stopping.
      if (isCut())
        throw new OnewriteError('REPLICATION_ENDED', { slot: place.slot, cause: 'a connection was closed' })
      const { records, since, caughtUp } = await gatherer.gather()
      const checkpoint = outboxCheckpoint({ ...place, lsn: gatherer.reached })
      const lag = caughtUp ? 0n : BigInt(limits.events)
      return { records, since, checkpoint, whole: !gatherer.isOpen, caughtUp, due: isDue(), lag }
    },
    settled: ({ text }: Checkpoint) => {
      const { lsn } = outboxPlaceOf(name, text)
      settled = { lsn, at: performance.now() }
      stream.acknowledge(lsn)
    },
    wait: (_progress, signal) => arrival(stream, signal),
    close: () => Promise.resolve(),
  }
}
