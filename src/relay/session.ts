import { OnewriteError } from '../error/onewrite-error.ts'
import { failpoint } from '../lifecycle/failpoint.ts'
import type { Pace } from '../lifecycle/pace.ts'
import { orderedReader, type Page, type ReadLimits } from '../log/ordered-reader.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { RawConnection } from '../postgres/database.ts'
import { whileLeading } from '../postgres/lead.ts'
import type { Observer } from './observe.ts'
import type { Sink } from './sink.ts'
import { cutter } from './unit.ts'

export interface SessionOptions {
  readonly name: string
  readonly connection: RawConnection
  readonly schema: string
  readonly sink: Sink
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly pace: Pace
  readonly limits: ReadLimits
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

const checkRestored = ({ name, sink }: SessionOptions, { end }: Page): void => {
  if (sink.position <= end) return
  throw new OnewriteError('CHECKPOINT_AHEAD', { name, checkpoint: sink.position, end })
}

/**
 * One leadership: read → cut → encode → send → settle, until told to stop. The next page is read while this one
 * leaves. Events leave in the order of the log; the checkpoint stands only where no unit is open.
 *
 * The checkpoint is the position of an event, never that of the horizon: a position that was drawn and rolled back is
 * given out again when PostgreSQL crashes before its log is on the disk, and an event may then be committed under it.
 */
export const runSession = async (options: SessionOptions, { stop, lost }: SessionSignals): Promise<void> => {
  const { name, connection, schema, sink, encode, pace, limits, settleAfter, observer } = options
  const reader = orderedReader(connection, schema, sink.position)
  const units = cutter(limits.bytes)
  const either = AbortSignal.any([stop, lost])
  let unsettled = 0
  let last = sink.position
  let ahead: Promise<Page> | undefined

  const read = (): Promise<Page> => {
    const page = whileLeading(reader.next(limits), name, lost)
    // Awaited in the next round; a failure in between must not end the process.
    page.catch(() => undefined)
    return page
  }

  const hand = async (events: readonly RawEvent[]): Promise<void> => {
    const [first, final] = [events[0], events.at(-1)]
    if (first === undefined || final === undefined) return
    const records = events.map(encode)
    unsettled += records.length
    last = BigInt(final.position)
    observer.handed(records, first.occurredAt)
    await whileLeading(sink.send(records), name, lost)
    failpoint('relay.published')
  }

  const settle = async (position: bigint, end: bigint): Promise<void> => {
    if (unsettled === 0) return observer.idle(position, end)
    const settling = (): Promise<void> => whileLeading(sink.settle(last), name, lost)
    await observer.settling({ events: unsettled, position, end }, settling)
    unsettled = 0
  }

  while (!stop.aborted) {
    const page = await (ahead ?? read())
    checkRestored(options, page)
    failpoint('relay.read')
    ahead = page.caughtUp ? undefined : read()
    const cut = units.add(page.events, page.through)
    await hand(cut.events)
    const due = page.caughtUp || unsettled >= settleAfter
    if (cut.whole && due) await settle(cut.through, page.end)
    if (page.caughtUp) await pace.wait(cut.events.length > 0, either)
  }
}
