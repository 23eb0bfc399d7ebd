import { OnewriteError } from '../error/onewrite-error.ts'
import { failpoint } from '../lifecycle/failpoint.ts'
import type { Pace } from '../lifecycle/pace.ts'
import { orderedReader, type Page, type ReadLimits } from '../log/ordered-reader.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { RawConnection } from '../postgres/database.ts'
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
  readonly progress: (progress: Progress) => void
}

/** What has left for good, told after every move of the checkpoint and after every look that found nothing. */
export interface Progress {
  readonly records: readonly OutgoingRecord[]
  readonly position: bigint
  /** Last position drawn by any writer. */
  readonly end: bigint
  /** When the oldest of `records` was recorded. */
  readonly since: string | undefined
  readonly milliseconds: number
}

const checkRestored = ({ name, sink }: SessionOptions, { end }: Page): void => {
  if (sink.position <= end) return
  throw new OnewriteError('CHECKPOINT_AHEAD', { name, checkpoint: sink.position, end })
}

/** Events that were handed to the sink since the checkpoint last moved. */
interface Unsettled {
  records: OutgoingRecord[]
  since: string | undefined
}

/**
 * One leadership: read → cut → encode → send → settle, until the signal is aborted. The next page is read while this
 * one leaves. Events leave in the order of the log; the checkpoint stands only where no unit is open.
 */
export const runSession = async (options: SessionOptions, signal: AbortSignal): Promise<void> => {
  const { connection, schema, sink, encode, pace, limits, settleAfter, progress } = options
  const reader = orderedReader(connection, schema, sink.position)
  const units = cutter(limits.bytes)
  let unsettled: Unsettled = { records: [], since: undefined }
  let ahead: Promise<Page> | undefined

  const read = (): Promise<Page> => {
    const page = reader.next(limits)
    // Awaited in the next round; a failure in between must not end the process.
    page.catch(() => undefined)
    return page
  }

  const settle = async (position: bigint, end: bigint): Promise<void> => {
    const started = performance.now()
    const { records, since } = unsettled
    if (records.length > 0) await sink.settle(position)
    unsettled = { records: [], since: undefined }
    progress({ records, position, end, since, milliseconds: performance.now() - started })
  }

  const hand = async (events: readonly RawEvent[]): Promise<void> => {
    if (events.length === 0) return
    const records = events.map(encode)
    unsettled.since ??= events[0]?.occurredAt
    for (const record of records) unsettled.records.push(record)
    await sink.send(records)
    failpoint('relay.published')
  }

  while (!signal.aborted) {
    const page = await (ahead ?? read())
    checkRestored(options, page)
    failpoint('relay.read')
    ahead = page.caughtUp ? undefined : read()
    const cut = units.add(page.events, page.through)
    await hand(cut.events)
    const due = page.caughtUp || unsettled.records.length >= settleAfter
    if (cut.whole && due) await settle(cut.through, page.end)
    if (page.caughtUp) await pace.wait(cut.events.length > 0, signal)
  }
}
