import type { QuarantineBudget } from '../dead-letter/health.ts'
import { failpoint } from '../lifecycle/failpoint.ts'
import { type Logger, silentLogger } from '../lifecycle/logger.ts'
import { type Loop, loop, type Report } from '../lifecycle/loop.ts'
import { pause } from '../lifecycle/pause.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { type Leadership, lead, ownerName } from '../postgres/lead.ts'
import { relayInstruments } from '../telemetry/relay-instruments.ts'
import { copyCheckpoint } from './copy-checkpoint.ts'
import { observe } from './observe.ts'
import { openSink, type SinkOptions } from './open-sink.ts'
import { type Gate, openGate } from './quarantine/gate.ts'
import { type Refusals, refusals } from './quarantine/refusals.ts'
import { register } from './register.ts'
import { runSession, type SessionSignals } from './session.ts'
import type { Sink } from './sink.ts'
import type { Checkpoint, RelaySource } from './source.ts'

/** The name is that of lease, checkpoint and producer: instances of one name share one relay. */
export interface RelayOptions extends SinkOptions {
  /** Made by `tableSource` or `walSource`. */
  readonly source: RelaySource
  /** Runs at the beginning of each leadership: creating topics, say. */
  readonly prepare?: () => Promise<void>
  /** Called with records after they left for good, in order. Until then they are kept, all of a transaction. */
  readonly published?: (records: readonly OutgoingRecord[]) => void
  /** Milliseconds after which a silent leader is replaced. Default 5,000. */
  readonly leaseTtl?: number
  /** Milliseconds between two looks for dead letters that were released, while there are any. Default 1,000. */
  readonly lookEvery?: number
  /** What may be quarantined before health says so. */
  readonly quarantine?: QuarantineBudget
  /** Events in one transaction of the transport while catching up. Default 10,000. */
  readonly settleAfter?: number
  /** Which part of the log it publishes, for status. Default: all of it. */
  readonly shard?: { readonly index: number; readonly of: number }
  /** Asked once it leads: false lets it stand by again. Default: true. */
  readonly mayLead?: () => Promise<boolean>
  readonly logger?: Logger
}

export interface Relay extends Loop {
  /** Something was just committed in this process. */
  poke(): void
}

export const relayDefaults = { settleAfter: 10_000 } as const

type Copy = (checkpoint: Checkpoint, idle: boolean) => void

/** At least once, the checkpoint is in PostgreSQL anyway. */
const openCopy = async (options: RelayOptions, token: bigint, sink: Sink): Promise<Copy> => {
  if (options.delivery === 'at-least-once') return () => undefined
  const { database, name } = options
  return copyCheckpoint({ database, name, token, checkpoint: sink.checkpoint })
}

interface Leading {
  readonly token: bigint
  readonly sink: Sink
  readonly gate: Gate
  readonly signals: SessionSignals
  readonly report: Report
}

const publish = async (
  options: RelayOptions,
  { token, sink, gate, signals, report }: Leading,
): Promise<void> => {
  const { name, source: kind, settleAfter = relayDefaults.settleAfter, logger = silentLogger } = options
  const { checkpoint } = sink
  const copy = await openCopy(options, token, sink)
  const signal = AbortSignal.any([signals.stop, signals.lost])
  const source = await kind.open({ name, checkpoint, token, signal, logger })
  failpoint('relay.opened')
  logger.info({ relay: name, source: kind.kind, checkpoint: checkpoint ?? 'none' }, 'the relay leads')
  const moved = (now: Checkpoint, idle: boolean): void => {
    // Up only once something went through, or nothing was there: opening alone proves little.
    report('up', gate.health?.reason)
    if (gate.health?.state === 'degraded') report('degraded', gate.health.reason)
    copy(now, idle)
  }
  const observer = observe({ name, published: options.published, moved })
  const session = { name, source, gate, sink, settleAfter, observer }
  await runSession(session, signals).finally(() => source.close())
}

const gateDefaults = ({ lookEvery = 1_000, quarantine = {} }: RelayOptions) => ({
  lookEvery,
  budget: quarantine,
})

/** A session that sends records apart ends after a while, and the next one sends them as usual. */
const endOf = (stop: AbortSignal, { apartUntil }: Refusals): AbortSignal => {
  const left = apartUntil - Date.now()
  return left > 0 ? AbortSignal.any([stop, AbortSignal.timeout(left)]) : stop
}

/** Moves a source to a transport, in order, from the last checkpoint. One instance leads; the others stand by. */
export const relay = (options: RelayOptions): Relay => {
  const { name, database, source: kind, leaseTtl = 5000, logger = silentLogger } = options
  const { delivery = 'exactly-once' } = options
  const { shard = { index: 0, of: 1 } } = options
  const owner = ownerName()
  const refused = refusals()
  const gateOptions = {
    database,
    reader: `relay/${name}`,
    refusals: refused,
    logger,
    ...gateDefaults(options),
  }

  const leadSession = async (
    { token, lost }: Leadership,
    stop: AbortSignal,
    report: Report,
  ): Promise<void> => {
    failpoint('relay.led')
    if ((await options.mayLead?.()) === false) {
      report('standby', 'another relay has taken its place')
      return pause(leaseTtl, stop)
    }
    await kind.guard?.({ name, signal: AbortSignal.any([stop, lost]), logger })
    report('starting', 'opening the transport')
    await options.prepare?.()
    await register(database, { name, delivery, source: kind, shard, owner })
    const sink = await openSink(options, token, Date.now() < refused.apartUntil)
    try {
      const gate = await openGate({ ...gateOptions, token, checkpoint: sink.checkpoint })
      const leading = { token, sink, gate, signals: { stop: endOf(stop, refused), lost }, report }
      await publish(options, leading).catch(async (error: unknown) => {
        await gate.refused(error)
        throw error
      })
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
