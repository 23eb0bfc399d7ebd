import { failpoint } from '../lifecycle/failpoint.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { whileLeading } from '../postgres/lead.ts'
import type { Observer } from './observe.ts'
import type { Gate } from './quarantine/gate.ts'
import type { Sink } from './sink.ts'
import type { Batch, Source } from './source.ts'

export interface SessionOptions {
  readonly name: string
  readonly source: Source
  readonly gate: Gate
  readonly sink: Sink
  /** Events after which the checkpoint moves although more are waiting. */
  readonly settleAfter: number
  readonly observer: Observer
}

export interface SessionSignals {
  /** Finish what is in hand and return. */
  readonly stop: AbortSignal
  /** Somebody else may lead: drop everything, even what would never answer. */
  readonly lost: AbortSignal
}

/** Waits for more; while something is quarantined, not for longer than until the next look at it. */
const waitForMore = async ({ source, gate }: SessionOptions, progress: boolean, signal: AbortSignal) => {
  if (gate.lookAgain === undefined) return source.wait(progress, signal)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), gate.lookAgain)
  await source.wait(progress, AbortSignal.any([signal, late.signal])).finally(() => clearTimeout(timer))
}

/**
 * One leadership: read → keep back → send → settle → acknowledge, until told to stop. The next batch is read while this
 * one leaves. Events leave in the order of the source; the checkpoint stands only where no unit is open, and the source
 * hears of it only after it is safe.
 */
export const runSession = async (options: SessionOptions, { stop, lost }: SessionSignals): Promise<void> => {
  const { name, source, gate, sink, settleAfter, observer } = options
  const either = AbortSignal.any([stop, lost])
  let unsettled = 0
  let sent = 0
  let ahead: Promise<Batch> | undefined

  const read = (): Promise<Batch> => {
    const batch = whileLeading(source.next(), name, lost)
    // Awaited in the next round; a failure in between must not end the process.
    batch.catch(() => undefined)
    return batch
  }

  const send = async (records: readonly OutgoingRecord[], since?: string): Promise<void> => {
    sent += records.length
    observer.handed(records, since)
    await whileLeading(sink.send(records), name, lost)
    failpoint('relay.published')
  }

  const hand = async (batch: Batch): Promise<void> => {
    unsettled += batch.records.length
    const leaving = await whileLeading(gate.pass(batch), name, lost)
    if (leaving.length > 0) await send(leaving, batch.since)
  }

  const settle = async ({ checkpoint, lag, due = false }: Batch): Promise<void> => {
    const marked = gate.mark(checkpoint)
    if (unsettled === 0 && !due) return observer.idle(marked, lag)
    const batch = { events: sent, checkpoint: marked, lag }
    await observer.settling(batch, () => whileLeading(sink.settle(marked), name, lost))
    source.settled(checkpoint)
    unsettled = 0
    sent = 0
    await whileLeading(gate.settled(marked), name, lost)
  }

  /** What operators released goes out where everything before it is settled. */
  const redrive = async (batch: Batch): Promise<void> => {
    const released = await whileLeading(gate.release(), name, lost)
    if (released.length === 0) return
    unsettled += released.length
    await send(released)
    await settle(batch)
    if (!stop.aborted) await redrive(batch)
  }

  while (!stop.aborted) {
    const batch = await (ahead ?? read())
    failpoint('relay.read')
    ahead = batch.caughtUp ? undefined : read()
    await hand(batch)
    if (batch.whole && (batch.caughtUp || gate.eager || unsettled >= settleAfter)) {
      await settle(batch)
      await redrive(batch)
    }
    if (batch.caughtUp) await waitForMore(options, batch.records.length > 0, either)
  }
}
