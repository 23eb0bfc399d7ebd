import { OnewriteError } from '../error/onewrite-error.ts'
import { failpoint } from '../lifecycle/failpoint.ts'
import { type Logger, silentLogger } from '../lifecycle/logger.ts'
import { type Loop, loop, type Report } from '../lifecycle/loop.ts'
import { type PaceOptions, pace } from '../lifecycle/pace.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { Database } from '../postgres/database.ts'
import { type Leadership, lead, ownerName } from '../postgres/lead.ts'
import { relayInstruments } from '../telemetry/relay-instruments.ts'
import type { Publishing } from '../transport/publisher.ts'
import { atLeastOnceSink } from './at-least-once-sink.ts'
import { copyCheckpoint } from './copy-checkpoint.ts'
import { exactlyOnceSink } from './exactly-once-sink.ts'
import { observe } from './observe.ts'
import { runSession } from './session.ts'
import type { Sink } from './sink.ts'

export type Delivery = 'exactly-once' | 'at-least-once'

export interface RelayOptions {
  /** Names the lease, the checkpoint and the producer: instances of one name share one relay. */
  readonly name: string
  readonly database: Database
  readonly publishing: Publishing
  readonly encode: (event: RawEvent) => OutgoingRecord
  /** Default `exactly-once`. */
  readonly delivery?: Delivery
  /** Runs at the beginning of each leadership: creating topics, say. */
  readonly prepare?: () => Promise<void>
  /** Called with records after they left for good, in order. */
  readonly published?: (records: readonly OutgoingRecord[]) => void
  /** Milliseconds after which a silent leader is replaced. Default 5,000. */
  readonly leaseTtl?: number
  readonly polling?: PaceOptions
  /** Default 2,000 events and 1 MiB a page. */
  readonly page?: { readonly events?: number; readonly bytes?: number }
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

/**
 * Small pages keep memory flat: 170 MiB at most with these, both for 100,000 transactions and for one of 100,000
 * events, against 200 and 236 with pages of 5,000 and 16 MiB on the way, at the same rate.
 */
export const relayDefaults = {
  pageEvents: 2_000,
  pageBytes: 1024 * 1024,
  settleAfter: 10_000,
  maxBytesInFlight: 4 * 1024 * 1024,
} as const

const checkPrimary = async (database: Database): Promise<void> => {
  const { rows } = await database.query<{ replica: boolean }>('select pg_is_in_recovery() as replica')
  if (rows[0]?.replica === true) throw new OnewriteError('DATABASE_IS_REPLICA', { address: database.address })
}

const openSink = (options: RelayOptions, token: bigint): Promise<Sink> => {
  const { publishing, database, name, maxBytesInFlight = relayDefaults.maxBytesInFlight } = options
  return options.delivery === 'at-least-once'
    ? atLeastOnceSink({ database, publishing, name, maxBytesInFlight, token })
    : exactlyOnceSink(publishing, name, maxBytesInFlight)
}

/** Moves the log to a transport, in order, from the last checkpoint. One instance leads; the others stand by. */
export const relay = (options: RelayOptions): Relay => {
  const { name, database, encode, leaseTtl = 5000, logger = silentLogger } = options
  const owner = ownerName()
  const looking = pace(options.polling)
  const settleAfter = options.settleAfter ?? relayDefaults.settleAfter
  const { events = relayDefaults.pageEvents, bytes = relayDefaults.pageBytes } = options.page ?? {}
  const limits = { events, bytes }

  const leadSession = async (
    { token, lost }: Leadership,
    stop: AbortSignal,
    report: Report,
  ): Promise<void> => {
    failpoint('relay.led')
    report('starting', 'opening the transport')
    await checkPrimary(database)
    await options.prepare?.()
    const connection = await database.rawConnection({ applicationName: `onewrite relay ${name}` })
    try {
      const sink = await openSink(options, token)
      failpoint('relay.opened')
      logger.info({ relay: name, position: String(sink.position) }, 'the relay leads')
      const copy = options.delivery === 'at-least-once' ? () => {} : copyCheckpoint(database, name, token)
      const moved = (position: bigint, idle: boolean): void => {
        // Up only once something went through, or nothing was there: opening alone proves little.
        report('up')
        copy(position, idle)
      }
      const observer = observe({ name, published: options.published, moved })
      const { schema } = database
      const session = { name, connection, schema, sink, encode, pace: looking, limits, settleAfter, observer }
      await runSession(session, { stop, lost }).finally(() => sink.close())
    } finally {
      await connection.close()
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

  return { ...loop({ name: `relay ${name}`, run, logger }), poke: looking.poke }
}
