import { failpoint } from '../lifecycle/failpoint.ts'
import { whileLeading } from '../postgres/lead.ts'
import type { Observer } from './observe.ts'
import type { Sink } from './sink.ts'
import type { Batch, Source } from './source.ts'

export interface SessionOptions {
  readonly name: string
  readonly source: Source
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

/**
 * One leadership: read → send → settle → acknowledge, until told to stop. The next batch is read while this one leaves.
 * Events leave in the order of the source; the checkpoint stands only where no unit is open, and the source hears of it
 * only after it is safe.
 */
export const runSession = async (options: SessionOptions, { stop, lost }: SessionSignals): Promise<void> => {
  const { name, source, sink, settleAfter, observer } = options
  const either = AbortSignal.any([stop, lost])
  let unsettled = 0
  let ahead: Promise<Batch> | undefined

  const read = (): Promise<Batch> => {
    const batch = whileLeading(source.next(), name, lost)
    // Awaited in the next round; a failure in between must not end the process.
    batch.catch(() => undefined)
    return batch
  }

  const hand = async ({ records, since }: Batch): Promise<void> => {
    if (records.length === 0) return
    unsettled += records.length
    observer.handed(records, since)
    await whileLeading(sink.send(records), name, lost)
    failpoint('relay.published')
  }

  const settle = async ({ checkpoint, lag, due = false }: Batch): Promise<void> => {
    if (unsettled === 0 && !due) return observer.idle(checkpoint, lag)
    const settling = (): Promise<void> => whileLeading(sink.settle(checkpoint), name, lost)
    await observer.settling({ events: unsettled, checkpoint, lag }, settling)
    source.settled(checkpoint)
    unsettled = 0
  }

  while (!stop.aborted) {
    const batch = await (ahead ?? read())
    failpoint('relay.read')
    ahead = batch.caughtUp ? undefined : read()
    await hand(batch)
    if (batch.whole && (batch.caughtUp || unsettled >= settleAfter)) await settle(batch)
    if (batch.caughtUp) await source.wait(batch.records.length > 0, either)
  }
}
