import { OnewriteError } from '../error/onewrite-error.ts'
import { type Logger, silentLogger } from '../lifecycle/logger.ts'
import { type Loop, loop, stopAll } from '../lifecycle/loop.ts'
import { type Pace, pace } from '../lifecycle/pace.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { Database } from '../postgres/database.ts'
import { ownerName } from '../postgres/lead.ts'
import type { LogSubscribeOptions } from '../transport/postgres.ts'
import type { Member, Subscribing, Subscription } from '../transport/subscriber.ts'
import { lastPosition } from './last-position.ts'
import { groupFaults } from './subscriber/division.ts'
import { live } from './subscriber/instance.ts'
import { type Line, openLine } from './subscriber/line.ts'

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
  /** @throws INVALID_CONFIG */
  subscribe(options: LogSubscribeOptions, member: Member): Subscription
  poke(): void
  /**
   * Stops every subscription, those that the application made included.
   *
   * @throws DRAIN_TIMEOUT
   */
  stop(options: { readonly drain: number }): Promise<void>
}

/** Milliseconds between looks while nothing arrives: what this process commits is told at once. */
const idle = 200

/** Asked for when the subscription is made, because joining the group may last. */
const positionNow = (database: Database): (() => Promise<bigint>) => {
  const asked = lastPosition(database).catch(() => undefined)
  return async () => (await asked) ?? lastPosition(database)
}

const isInvalid = (error: unknown): boolean =>
  error instanceof OnewriteError && error.code === 'INVALID_CONFIG'

const follow = (
  options: LogSubscribingOptions,
  wanted: LogSubscribeOptions,
  member: Member,
  { looking, line }: { readonly looking: Pace; readonly line: Line },
) => {
  const { database, encode, logger = silentLogger, leaseTtl: ttl = 5000 } = options
  const { partitions } = wanted
  const owner = ownerName()
  const now = wanted.from === 'now' ? positionNow(database) : undefined
  const counts = { rebalances: 0, refusals: 0, missed: 0 }
  let failure: { readonly error: unknown } | undefined
  const refused = (error: unknown): void => {
    failure ??= { error }
    running.stop().catch(() => undefined)
  }
  const common = {
    database,
    line,
    encode,
    logger,
    ttl,
    subscription: wanted,
    partitions,
    member,
    owner,
    looking,
    now,
    counts,
  }
  const running = loop({
    name: `group ${wanted.group}`,
    logger,
    run: async (signal, report) => {
      try {
        await live({ ...common, refused }, signal, report)
      } catch (error) {
        if (isInvalid(error)) return refused(error)
        throw error
      }
    },
  })
  const ended = running.ended.then(() => {
    if (failure !== undefined) throw failure.error
  })
  // Whoever does not look at it must not end the process.
  ended.catch(() => undefined)
  const subscription: Subscription = {
    ended,
    stop: () => running.stop(),
    health: () => {
      const { state, reason } = running.health()
      return reason === undefined ? { state } : { state, reason }
    },
    counts: () => ({ ...counts }),
  }
  return { running, subscription }
}

/**
 * Lets subscribers read the log itself. A group divides it by key into virtual partitions, which its instances share,
 * each under a lease of its own; the progress of each moves as its member settles. What one instance had is taken by
 * the others at once when it leaves, and when its leases have run out where it fell silent.
 */
export const logSubscribing = (options: LogSubscribingOptions): LogSubscribing => {
  const followed = new Map<Loop, Pace>()
  const line = openLine(options.database)
  const subscribe = (wanted: LogSubscribeOptions, member: Member): Subscription => {
    const faults = groupFaults(wanted.group, wanted.partitions)
    if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
    const looking = pace({ longest: idle })
    const { running, subscription } = follow(options, wanted, member, { looking, line })
    followed.set(running, looking)
    running.start()
    void running.ended.then(() => {
      followed.delete(running)
      if (followed.size === 0) line.hangUp()
    })
    return subscription
  }
  return {
    subscribe,
    poke: () => {
      for (const looking of followed.values()) looking.poke()
    },
    stop: (settings) => stopAll([...followed.keys()], settings),
  }
}
