import { watchQuarantine } from '../dead-letter/health.ts'
import type { Cause } from '../dead-letter/set-aside.ts'
import type { Head } from '../dead-letter/take-head.ts'
import type { HealthState } from '../lifecycle/health.ts'
import type { Logger } from '../lifecycle/logger.ts'
import type { Database } from '../postgres/database.ts'
import { type ConsumerInstruments, consumerInstruments } from '../telemetry/consumer-instruments.ts'
import { errorType } from '../telemetry/error-type.ts'
import type { ConsumerPlan } from './consumer.ts'
import type { Failure } from './lane/failure.ts'
import type { Notifications } from './notifications.ts'
import type { Dealt, Entry } from './partition/in-hand.ts'
import type { Retry } from './retries.ts'
import { openTally, type Tally } from './tally.ts'

/** Hears what becomes of each event: counts it, logs it, keeps the record of it where one is wanted. */
export interface ConsumerWatch {
  readonly instruments: ConsumerInstruments
  /** Events dealt with since the consumer began. */
  readonly progress: number
  /** What keeps everything from going on, while it does. */
  readonly trouble: string | undefined
  dealt(dealt: readonly Dealt[]): void
  retrying(entry: Entry, failure: Failure, made: Retry): void
  parked(entry: Entry, cause: Cause): void
  /** The consumer stops before it. */
  stopped(entry: Entry, cause: Cause): void
  redriven(head: Head): void
  /** Of a type that nobody handles. */
  ignored(records: number): void
  /** A part cannot go on for a reason that is no event's fault; it is in trouble until it is well again. */
  outage(part: string, error: unknown): void
  well(part: string): void
  /** Looks at the quarantine again: now, or at most once a minute. */
  look(): Promise<void>
  health(waiting: number): { readonly state: HealthState; readonly reason?: string }
  close(): Promise<void>
}

export interface WatchOptions {
  readonly name: string
  readonly reader: string
  readonly database: Database
  readonly plan: ConsumerPlan
  readonly logger: Logger
  readonly notifications: Notifications | undefined
}

const place = ({ received, partition, offset }: Entry) => ({
  event: received.id,
  partition: partition.assignment.name,
  offset: String(offset),
})

const statuses = { done: 'SUCCEEDED', skipped: 'SKIPPED', unreadable: 'SKIPPED', held: 'PENDING' } as const

type Telling = Pick<WatchOptions, 'name' | 'logger' | 'notifications'>

const tellDealt = ({ name, logger, notifications }: Telling, { entry, end, reason }: Dealt): void => {
  if (end === 'seen') return
  notifications?.note(entry, { status: statuses[end], ...(reason === undefined ? {} : { reason }) })
  const fields = { ...place(entry), consumer: name, reason }
  if (end === 'skipped') logger.warn(fields, 'an event was skipped')
  if (end === 'unreadable') logger.error(fields, 'an event that cannot be read was passed over')
}

const tellRetry = (
  { name, logger, notifications }: Telling,
  entry: Entry,
  cause: Cause,
  made: Retry,
): void => {
  const { attempts, nextAt } = made
  notifications?.note(entry, { status: 'RETRYING', attempts, cause })
  const fields = { ...place(entry), consumer: name, attempts, next: nextAt.toISOString() }
  logger.warn({ ...fields, error: cause.message, code: cause.code }, 'an event failed and is tried again')
}

const tellParked = ({ name, logger, notifications }: Telling, entry: Entry, cause: Cause): void => {
  notifications?.note(entry, { status: 'DEAD_LETTERED', cause })
  const fields = { ...place(entry), consumer: name, error: cause.message, code: cause.code }
  logger.error(fields, 'an event is parked; what follows of its key waits')
}

const tellRedriven = ({ name, logger, notifications }: Telling, head: Head): void => {
  const { id, number, record, position } = head
  const { topic, partition } = record
  const at = { topic, ...(partition === undefined ? {} : { partition }) }
  const noted = { received: { id, record: at }, offset: position }
  notifications?.note(noted, { status: 'SUCCEEDED', redriven: true })
  logger.info({ consumer: name, event: id, deadLetter: String(number) }, 'a dead letter was redriven')
}

const tellOutage = ({ name, logger }: Telling, part: string, error: unknown): string => {
  const trouble = error instanceof Error ? error.message : String(error)
  logger.warn({ consumer: name, part, error: trouble }, 'the consumer waits and tries again')
  return trouble
}

const healthOf = (
  { trouble }: Tally,
  quarantine: ReturnType<typeof watchQuarantine>,
  waiting: number,
): ReturnType<ConsumerWatch['health']> => {
  if (trouble !== undefined) return { state: 'degraded', reason: trouble }
  if (quarantine.health !== undefined) return quarantine.health
  if (waiting === 0) return { state: 'up' }
  return {
    state: 'up',
    reason: `${waiting} ${waiting === 1 ? 'key waits' : 'keys wait'} for another attempt`,
  }
}

export const consumerWatch = (options: WatchOptions): ConsumerWatch => {
  const { name, reader, database, plan, logger, notifications } = options
  const instruments = consumerInstruments(name)
  const budget = { waiting: plan.quarantineEvents, age: plan.quarantineAge }
  const quarantine = watchQuarantine(database, reader, { budget, logger })
  const tally = openTally()
  return {
    instruments,
    get progress() {
      return tally.progress
    },
    get trouble() {
      return tally.trouble
    },
    dealt: (dealt) => {
      tally.moved(dealt.length)
      if (dealt.some(({ end }) => end === 'held')) tally.change()
      for (const one of dealt) tellDealt(options, one)
      instruments.dealt(dealt)
    },
    retrying: (entry, { cause }, made) => {
      tally.moved(0)
      instruments.retried(cause.code)
      tellRetry(options, entry, cause, made)
    },
    parked: (entry, cause) => {
      tally.moved(1)
      tally.change()
      instruments.parked(cause.code)
      tellParked(options, entry, cause)
    },
    stopped: (entry, cause) => notifications?.note(entry, { status: 'FAILED', cause }),
    redriven: (head) => {
      tally.moved(1)
      tally.change()
      instruments.redriven()
      tellRedriven(options, head)
    },
    ignored: (records) => {
      tally.moved(records)
      instruments.ignored(records)
    },
    outage: (part, error) => {
      instruments.failed(errorType(error))
      tally.troubled(part, tellOutage(options, part, error))
    },
    well: tally.well,
    look: async () => {
      await quarantine.look(tally.takeChange())
    },
    health: (waiting) => healthOf(tally, quarantine, waiting),
    close: async () => notifications?.close(),
  }
}
