import { failpoint } from '../lifecycle/failpoint.ts'
import { type Logger, silentLogger } from '../lifecycle/logger.ts'
import { type Loop, loop, type Report } from '../lifecycle/loop.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Database } from '../postgres/database.ts'
import { type Leadership, lead, ownerName } from '../postgres/lead.ts'
import { relayInstruments } from '../telemetry/relay-instruments.ts'
import type { Publishing } from '../transport/publisher.ts'
import { atLeastOnceSink } from './at-least-once-sink.ts'
import { copyCheckpoint } from './copy-checkpoint.ts'
import { exactlyOnceSink } from './exactly-once-sink.ts'
import { observe } from './observe.ts'
import { register } from './register.ts'
import { runSession } from './session.ts'
import type { Sink } from './sink.ts'
import type { Checkpoint, RelaySource } from './source.ts'

export type Delivery = 'exactly-once' | 'at-least-once'

export interface RelayOptions {
  /** Names the lease, the checkpoint and the producer: instances of one name share one relay. */
  readonly name: string
  readonly database: Database
  readonly publishing: Publishing
  /** Made by `tableSource` or `walSource`. */
  readonly source: RelaySource
  /** Default `exactly-once`. */
  readonly delivery?: Delivery
  /** Runs at the beginning of each leadership: creating topics, say. */
  readonly prepare?: () => Promise<void>
  /** Called with records after they left for good, in order. */
  readonly published?: (records: readonly OutgoingRecord[]) => void
  /** Milliseconds after which a silent leader is replaced. Default 5,000. */
  readonly leaseTtl?: number
  /** Events in one transaction of the transport while catching up. Default 10,000. */
  readonly settleAfter?: number
  /** Bytes on the way to the transport at most. Default 4 MiB. */
  readonly maxBytesInFlight?: number
  readonly logger?: Logger
}

export interface Relay extends Loop {
  /** Something was just committed in this process. */
  poke(): void
}

export const relayDefaults = {
  settleAfter: 10_000,
  maxBytesInFlight: 4 * 1024 * 1024,
} as const

const openSink = (options: RelayOptions, token: bigint): Promise<Sink> => {
  const { publishing, database, name, maxBytesInFlight = relayDefaults.maxBytesInFlight } = options
  return options.delivery === 'at-least-once'
    ? atLeastOnceSink({ database, publishing, name, maxBytesInFlight, token })
    : exactlyOnceSink(publishing, name, maxBytesInFlight)
}

type Copy = (checkpoint: Checkpoint, idle: boolean) => void

/** At least once, the checkpoint is in PostgreSQL anyway. */
const openCopy = async (options: RelayOptions, token: bigint, sink: Sink): Promise<Copy> => {
  if (options.delivery === 'at-least-once') return () => undefined
  const { database, name } = options
  return copyCheckpoint({ database, name, token, checkpoint: sink.checkpoint })
}

/** Moves a source to a transport, in order, from the last checkpoint. One instance leads; the others stand by. */
export const relay = (options: RelayOptions): Relay => {
  const { name, database, source: kind, leaseTtl = 5000, logger = silentLogger } = options
  const { delivery = 'exactly-once', settleAfter = relayDefaults.settleAfter } = options
  const owner = ownerName()

  const leadSession = async (
    { token, lost }: Leadership,
    stop: AbortSignal,
    report: Report,
  ): Promise<void> => {
    failpoint('relay.led')
    report('starting', 'opening the transport')
    await options.prepare?.()
    await register(database, { name, delivery, source: kind, shard: 0, shards: 1, owner })
    const sink = await openSink(options, token)
    try {
      const { checkpoint } = sink
      const copy = await openCopy(options, token, sink)
      const signal = AbortSignal.any([stop, lost])
      const source = await kind.open({ name, checkpoint, token, signal, logger })
      failpoint('relay.opened')
      logger.info({ relay: name, source: kind.kind, checkpoint: checkpoint ?? 'none' }, 'the relay leads')
      const moved = (now: Checkpoint, idle: boolean): void => {
        // Up only once something went through, or nothing was there: opening alone proves little.
        report('up')
        copy(now, idle)
      }
      const observer = observe({ name, published: options.published, moved })
      const session = { name, source, sink, settleAfter, observer }
      await runSession(session, { stop, lost }).finally(() => source.close())
    } finally {
      await sink.close()
    }
  }

  const run = async (stop: AbortSignal, report: Report): Promise<void> => {
    const lease = { database, name: `relay/${name}`, owner, ttl: leaseTtl, logger }
    const leadership = await lead(lease, stop, () => report('standby'))
    if (leadership === undefined) return
    try {
      await leadSession(leadership, stop, report)
    } catch (error) {
      relayInstruments(name).failed(error)
      throw error
    } finally {
      await leadership.release()
    }
  }

  return { ...loop({ name: `relay ${name}`, run, logger }), poke: kind.poke }
}
