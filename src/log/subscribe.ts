import { type Logger, silentLogger } from '../lifecycle/logger.ts'
import { type Loop, loop, type Report, stopAll } from '../lifecycle/loop.ts'
import { type Pace, pace } from '../lifecycle/pace.ts'
import { headerList } from '../message/header-list.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import { readCheckpoint, saveCheckpoint, takeCheckpoint } from '../postgres/checkpoint.ts'
import type { Database } from '../postgres/database.ts'
import { type Leadership, lead, ownerName, whileLeading } from '../postgres/lead.ts'
import type {
  Assignment,
  DeliveredRecord,
  FetchLimits,
  Member,
  SubscribeOptions,
  Subscribing,
  Subscription,
} from '../transport/subscriber.ts'
import { lastPosition } from './last-position.ts'
import { orderedReader } from './ordered-reader.ts'

export interface LogSubscribingOptions {
  readonly database: Database
  /** The record that Kafka would carry, so that subscribers cannot tell the difference. */
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly logger?: Logger
  /** Milliseconds after which a silent instance is replaced. Default 5,000. */
  readonly leaseTtl?: number
}

/** The subscribing side of the log, and a way to say that something was committed. */
export interface LogSubscribing extends Subscribing {
  poke(): void
  /**
   * Stops every subscription, those that the application made included.
   *
   * @throws DRAIN_TIMEOUT
   */
  stop(options: { readonly drain: number }): Promise<void>
}

const toDelivered = (
  event: RawEvent,
  { topic, key, value, headers, timestamp }: OutgoingRecord,
): DeliveredRecord => ({
  topic,
  partition: 0,
  offset: event.position,
  timestamp: timestamp ?? Date.parse(event.occurredAt),
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  headers: headerList(headers),
})

/** Where a group without progress begins. Saved at once, so that `now` means the first time it was asked for. */
const startOf = async ({ database, now }: Following, name: string, token: bigint): Promise<bigint> => {
  const isNew = now !== undefined && (await readCheckpoint(database, name)) === undefined
  return isNew
    ? saveCheckpoint(database, { name, position: await now(), token })
    : takeCheckpoint(database, { name, token })
}

/** Asked for when the subscription is made, because taking the lease may last. */
const positionNow = (database: Database): (() => Promise<bigint>) => {
  const asked = lastPosition(database).catch(() => undefined)
  return async () => (await asked) ?? lastPosition(database)
}

interface Following extends LogSubscribingOptions {
  readonly subscription: SubscribeOptions
  readonly member: Member
  readonly looking: Pace
  /** The end of the log, for a group that begins there. */
  readonly now: (() => Promise<bigint>) | undefined
}

/** The whole log as one partition. */
const follow = async (
  following: Following,
  { token, lost }: Leadership,
  stop: AbortSignal,
): Promise<void> => {
  const { database, encode, subscription, member, looking } = following
  const { group, topics } = subscription
  const name = `group/${group}`
  const wanted = topics && new Set(topics)
  const position = await startOf(following, name, token)
  const connection = await database.rawConnection({ applicationName: `onewrite group ${group}` })
  const either = AbortSignal.any([stop, lost])
  let reader = orderedReader(connection, database.schema, position)
  let saving: Promise<unknown> = Promise.resolve()
  const next = async ({ records: events, bytes }: FetchLimits): Promise<readonly DeliveredRecord[]> => {
    while (!either.aborted) {
      const page = await whileLeading(reader.next({ events, bytes }), name, lost)
      const records = page.events
        .map((event) => toDelivered(event, encode(event)))
        .filter(({ topic }) => wanted === undefined || wanted.has(topic))
      if (records.length > 0) return records
      if (page.caughtUp) await looking.wait(page.events.length > 0, either)
    }
    return []
  }
  const settle = (to: bigint): void => {
    saving = saving
      .then(() => whileLeading(saveCheckpoint(database, { name, position: to - 1n, token }), name, lost))
      .catch(() => undefined)
  }
  const assignment: Assignment = {
    name: 'log/0',
    committed: position === 0n ? undefined : position + 1n,
    lost,
    end: undefined,
    begin: (from) => {
      if (from !== undefined) reader = orderedReader(connection, database.schema, from - 1n)
    },
    next,
    settle,
  }
  try {
    await member.assigned(assignment)
    await pauseUntil(either)
    const revoked = member.revoked(assignment)
    await whileLeading(revoked, name, lost)
    await saving
  } finally {
    await connection.close()
  }
}

const pauseUntil = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const live = async (
  following: Following,
  owner: string,
  signal: AbortSignal,
  report: Report,
): Promise<void> => {
  const { database, subscription, leaseTtl = 5000, logger = silentLogger } = following
  const lease = { database, name: `group/${subscription.group}`, owner, ttl: leaseTtl, logger }
  const leadership = await lead(lease, signal, () => report('standby'))
  if (leadership === undefined) return
  try {
    report('up')
    await follow(following, leadership, signal)
  } finally {
    await leadership.release()
  }
}

/**
 * Lets subscribers read the log itself. One instance of a group reads at a time and the others stand by; the checkpoint
 * moves after `deliver` resolved, so a crash in between delivers again.
 */
export const logSubscribing = (options: LogSubscribingOptions): LogSubscribing => {
  const followed = new Map<Loop, Pace>()
  const subscribe = (subscription: SubscribeOptions, member: Member): Subscription => {
    const looking = pace()
    const owner = ownerName()
    const now = subscription.from === 'now' ? positionNow(options.database) : undefined
    const following = loop({
      name: `group ${subscription.group}`,
      logger: options.logger ?? silentLogger,
      run: (signal, report) =>
        live({ ...options, subscription, member, looking, now }, owner, signal, report),
    })
    followed.set(following, looking)
    following.start()
    void following.ended.then(() => followed.delete(following))
    return { ended: following.ended, stop: () => following.stop() }
  }
  return {
    subscribe,
    poke: () => {
      for (const looking of followed.values()) looking.poke()
    },
    stop: (settings) => stopAll([...followed.keys()], settings),
  }
}
