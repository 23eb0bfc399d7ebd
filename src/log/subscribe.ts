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
  subscription: LogSubscribeOptions,
  member: Member,
  looking: Pace,
): { readonly loop: Loop; readonly ended: Promise<void> } => {
  const { database, encode, logger = silentLogger, leaseTtl: ttl = 5000 } = options
  const { partitions } = subscription
  const owner = ownerName()
  const now = subscription.from === 'now' ? positionNow(database) : undefined
  let failure: { readonly error: unknown } | undefined
  const refused = (error: unknown): void => {
    failure ??= { error }
    running.stop().catch(() => undefined)
  }
  const common = { database, encode, logger, ttl, subscription, partitions, member, owner, looking, now }
  const running = loop({
    name: `group ${subscription.group}`,
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
  return { loop: running, ended }
}

/**
 * Lets subscribers read the log itself. A group divides it by key into virtual partitions, which its instances share,
 * each under a lease of its own; the progress of each moves as its member settles. What one instance had is taken by the
 * others at once when it leaves, and when its leases have run out where it fell silent.
 */
export const logSubscribing = (options: LogSubscribingOptions): LogSubscribing => {
  const followed = new Map<Loop, Pace>()
  const subscribe = (subscription: LogSubscribeOptions, member: Member): Subscription => {
    const faults = groupFaults(subscription.group, subscription.partitions)
    if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
    const looking = pace({ longest: idle })
    const { loop: one, ended } = follow(options, subscription, member, looking)
    followed.set(one, looking)
    one.start()
    void one.ended.then(() => followed.delete(one))
    return { ended, stop: () => one.stop() }
  }
  return {
    subscribe,
    poke: () => {
      for (const looking of followed.values()) looking.poke()
    },
    stop: (settings) => stopAll([...followed.keys()], settings),
  }
}
