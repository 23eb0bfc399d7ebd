import { withDeadline } from '../../lifecycle/deadline.ts'
import type { Logger } from '../../lifecycle/logger.ts'
import type { Pace } from '../../lifecycle/pace.ts'
import { pause } from '../../lifecycle/pause.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { Database, RawConnection } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'
import { exponential } from '../../retry/backoff.ts'
import { assertKept, readDroppedThrough } from '../kept-from.ts'
import { type OrderedReader, orderedReader, pageSql } from '../ordered-reader.ts'
import { toRawEvent } from '../raw-columns.ts'
import { toDelivered } from './delivered.ts'
import { partitionOf } from './division.ts'
import type { Feed, LogView } from './feed.ts'

export interface FeederOptions {
  readonly database: Database
  readonly group: string
  readonly partitions: number
  readonly topics: readonly string[] | undefined
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly looking: Pace
  readonly logger: Logger
  /** Milliseconds that a look at the log may take: a half-open connection never answers. */
  readonly patience: number
}

export interface Feeder {
  readonly view: LogView
  /** Why the log cannot be read at present. */
  readonly trouble: string | undefined
  add(feed: Feed): void
  remove(feed: Feed): void
  /** Reads until the signal is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>
}

const page = { events: 500, bytes: 1024 * 1024 }

/** Milliseconds that those which keep up wait for one that has no room, before it is left behind. */
const grace = 50

/** Beyond every position: nobody keeps up with it. */
const nowhere = 2n ** 63n

interface State {
  readonly options: FeederOptions
  readonly feeds: Map<number, Feed>
  /** Those whose beginning retention has kept. */
  readonly kept: WeakSet<Feed>
  view: LogView
  /** Of those that keep up; none while nothing is read. */
  reader: OrderedReader | undefined
  heldUpSince: number | undefined
}

const least = (feeds: readonly Feed[]): bigint =>
  feeds.reduce<bigint | undefined>((low, { fed }) => {
    if (fed === undefined) return low
    return low === undefined || fed < low ? fed : low
  }, undefined) ?? 0n

/** What a page holds for these feeds. One that has no room, or cannot be given its event, stays where it is. */
const distribute = (state: State, feeds: readonly Feed[], events: readonly RawEvent[]): ReadonlySet<Feed> => {
  const { partitions, encode, topics } = state.options
  const byPartition = new Map(feeds.map((feed) => [feed.partition, feed]))
  const held = new Set(feeds.filter(({ hasRoom }) => !hasRoom))
  for (const event of events) {
    const feed = byPartition.get(partitionOf(event, partitions))
    const position = BigInt(event.position)
    if (feed?.fed === undefined || position <= feed.fed || held.has(feed)) continue
    try {
      const record = encode(event)
      const wanted = topics === undefined || topics.includes(record.topic)
      feed.put(position, wanted ? toDelivered(event, record, feed.partition) : undefined)
    } catch (error) {
      feed.fail(error)
      held.add(feed)
    }
  }
  return held
}

const passOver = (feeds: readonly Feed[], held: ReadonlySet<Feed>, to: bigint): void => {
  for (const feed of feeds) if (!held.has(feed)) feed.passOver(to)
}

/** What retention dropped before it was read would be left out silently; asked after a page was read, too. */
const checkKept = async (state: State, connection: RawConnection, feeds: readonly Feed[]): Promise<void> => {
  const unsure = feeds.filter((feed) => feed.unkept || !state.kept.has(feed))
  if (unsure.length === 0) return
  const dropped = await readDroppedThrough(connection, state.options.database.schema)
  for (const feed of unsure) {
    try {
      // From the first event on means: from the first that is kept.
      if (feed.fed !== undefined && feed.fed !== 0n) assertKept(feed.fed, dropped)
      state.kept.add(feed)
    } catch (error) {
      feed.fail(error)
    }
  }
}

/** Reads on for those that are behind, one page: the others wait for no more than that. */
const catchUp = async (state: State, connection: RawConnection, feeds: readonly Feed[]): Promise<void> => {
  const sql = pageSql(quoteIdentifier('schema', state.options.database.schema))
  const [from, { at }] = [least(feeds), state.view]
  const rows = await connection.read(sql, [String(from), String(at), page.events, page.bytes])
  await checkKept(state, connection, feeds)
  const events = rows.map(toRawEvent)
  const held = distribute(state, feeds, events)
  // A page may end for want of bytes; only an empty one tells that nothing follows.
  passOver(feeds, held, events.length === 0 ? at : BigInt(events.at(-1)?.position ?? from))
}

/**
 * Reads on for those that keep up. They stand at positions of events, never at the horizon: a position that was drawn
 * and rolled back is given out again when PostgreSQL crashes before its log is on the disk.
 */
const readOn = async (state: State, connection: RawConnection, feeds: readonly Feed[]): Promise<boolean> => {
  state.reader ??= orderedReader(connection, state.options.database.schema, state.view.at)
  const { events, caughtUp, end } = await state.reader.next(page)
  if (feeds.some(({ unkept }) => unkept)) await checkKept(state, connection, feeds)
  const held = distribute(state, feeds, events)
  const at = BigInt(events.at(-1)?.position ?? state.view.at)
  passOver(feeds, held, at)
  state.view = { at, caughtUp, end }
  return events.length > 0 || !caughtUp
}

/** Whether those that keep up go on although one of them has no room: once another one has waited for a while. */
const goesOn = (state: State, feeds: readonly Feed[]): boolean => {
  const isHeldUp = feeds.some(({ hasRoom }) => !hasRoom)
  if (!isHeldUp || !feeds.some(({ starves }) => starves)) {
    state.heldUpSince = undefined
    return !isHeldUp
  }
  state.heldUpSince ??= performance.now()
  return performance.now() - state.heldUpSince >= grace
}

const keepsUp =
  ({ view }: State) =>
  ({ fed }: Feed): boolean =>
    fed !== undefined && fed >= view.at

/** Where nobody is, nobody reads: those that keep up may all be ahead, or all have been left behind. */
const place = (state: State, feeds: readonly Feed[]): void => {
  const upToDate = feeds.filter(keepsUp(state))
  const at = least(upToDate.length > 0 ? upToDate : feeds)
  if (at !== state.view.at) startAt(state, at)
}

const startAt = (state: State, at: bigint): void => {
  state.reader = undefined
  state.view = { at, caughtUp: false, end: state.view.end }
}

/** One look at the log; whether there is more to do at once. */
const look = async (state: State, connection: RawConnection): Promise<boolean> => {
  const begun = [...state.feeds.values()].filter(({ fed }) => fed !== undefined)
  const unsure = begun.filter((feed) => feed.hasRoom && !state.kept.has(feed))
  await checkKept(state, connection, unsure)
  const feeds = begun.filter((feed) => state.kept.has(feed))
  if (feeds.length === 0) return false
  place(state, feeds)
  const upToDate = feeds.filter(keepsUp(state))
  const behind = feeds.filter((feed) => feed.hasRoom && !upToDate.includes(feed))
  if (behind.length > 0) await catchUp(state, connection, behind)
  const more = goesOn(state, upToDate) && (await readOn(state, connection, upToDate))
  return more || behind.length > 0
}

const lookOn = async (
  state: State,
  connection: RawConnection,
  signal: AbortSignal,
  looked: () => void,
): Promise<void> => {
  for (let found = false; !signal.aborted; ) {
    const { group, looking, patience } = state.options
    const more = await withDeadline(`the reader of group ${group}`, look(state, connection), patience)
    looked()
    if (!more) await looking.wait(found || state.heldUpSince !== undefined, signal)
    found = more
  }
}

/** Reads the log once for all partitions that an instance has. */
export const feeder = (options: FeederOptions): Feeder => {
  const { database, group, logger } = options
  const state: State = {
    ...{ options, feeds: new Map(), kept: new WeakSet(), reader: undefined, heldUpSince: undefined },
    view: { at: nowhere, caughtUp: false, end: undefined },
  }
  const backoff = exponential('100ms', { max: '5s' })
  let trouble: string | undefined

  const read = async (signal: AbortSignal, looked: () => void): Promise<void> => {
    const connection = await database.rawConnection({ applicationName: `onewrite group ${group}` })
    try {
      startAt(state, state.view.at)
      await lookOn(state, connection, signal, looked)
    } finally {
      await connection.close()
    }
  }

  return {
    get view() {
      return state.view
    },
    get trouble() {
      return trouble
    },
    add: (feed) => void state.feeds.set(feed.partition, feed),
    remove: (feed) => {
      if (state.feeds.get(feed.partition) === feed) state.feeds.delete(feed.partition)
    },
    run: async (signal) => {
      for (let failures = 0; !signal.aborted; ) {
        try {
          await read(signal, () => {
            failures = 0
            trouble = undefined
          })
        } catch (error) {
          if (signal.aborted) return
          failures += 1
          trouble = error instanceof Error ? error.message : String(error)
          logger.warn({ group, failures, error: trouble }, 'the log could not be read')
          for (const feed of state.feeds.values()) if (feed.starves) feed.fail(error)
          await pause(backoff(failures), signal)
        }
      }
    },
  }
}
