import { watchQuarantine } from '../dead-letter/health.ts'
import type { Cause } from '../dead-letter/set-aside.ts'
import type { Head } from '../dead-letter/take-head.ts'
import type { HealthState } from '../lifecycle/health.ts'
import type { Logger } from '../lifecycle/logger.ts'
import type { Database } from '../postgres/database.ts'
import { type ConsumerInstruments, consumerInstruments } from '../telemetry/consumer-instruments.ts'
import { errorType } from '../telemetry/error-type.ts'
import type { ConsumerPlan } from './consumer.ts'
import type { Failure } from './failure.ts'
import type { Dealt, Entry, PartitionInHand } from './in-hand.ts'
import type { Notifications } from './notifications.ts'
import type { Retry } from './retries.ts'

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
  redriven(head: Head): void
  /** Of a type that nobody handles. */
  ignored(records: number): void
  outage(error: unknown): void
  /** Looks at the quarantine again, at most once a minute. */
  look(): Promise<void>
  /** Records the lag of the partitions, and answers with it. */
  measure(partitions: readonly PartitionInHand[]): bigint
  health(waiting: number): { readonly state: HealthState; readonly reason?: string }
  close(): Promise<void>
}

const place = ({ received, partition, offset }: Entry) => ({
  event: received.id,
  partition: partition.assignment.name,
  offset: String(offset),
})

export interface WatchOptions {
  readonly name: string
  readonly reader: string
  readonly database: Database
  readonly plan: ConsumerPlan
  readonly logger: Logger
  readonly notifications: Notifications | undefined
}

/** Records of a partition that are not dealt with; what was never read counts, the marks of transactions too. */
const lagOf = ({ prefix, assignment }: PartitionInHand): bigint => {
  const { end } = assignment
  const { next } = prefix
  if (end === undefined || next === undefined) return BigInt(prefix.unsettled)
  return end > next ? end - next : 0n
}

const statuses = { done: 'SUCCEEDED', skipped: 'SKIPPED', held: 'PENDING' } as const

export const consumerWatch = (options: WatchOptions): ConsumerWatch => {
  const { name, reader, database, plan, logger, notifications } = options
  const instruments = consumerInstruments(name)
  const budget = { waiting: plan.quarantineEvents, age: plan.quarantineAge }
  const quarantine = watchQuarantine(database, reader, { budget, logger })
  let progress = 0
  let trouble: string | undefined
  return {
    instruments,
    get progress() {
      return progress
    },
    get trouble() {
      return trouble
    },
    dealt: (dealt) => {
      progress += dealt.length
      trouble = undefined
      for (const { entry, end, reason } of dealt) {
        if (end === 'seen') continue
        notifications?.note(entry, { status: statuses[end], ...(reason === undefined ? {} : { reason }) })
        if (end === 'skipped') logger.info({ ...place(entry), consumer: name, reason }, 'skipped')
      }
      instruments.dealt(dealt)
    },
    retrying: (entry, { cause }, { attempts, nextAt }) => {
      trouble = undefined
      instruments.retried(cause.code)
      notifications?.note(entry, { status: 'RETRYING', attempts, cause })
      const fields = { ...place(entry), consumer: name, attempts, next: nextAt.toISOString() }
      logger.warn({ ...fields, error: cause.message, code: cause.code }, 'an event failed and is tried again')
    },
    parked: (entry, cause) => {
      progress += 1
      trouble = undefined
      instruments.parked(cause.code)
      notifications?.note(entry, { status: 'DEAD_LETTERED', cause })
      const fields = { ...place(entry), consumer: name, error: cause.message, code: cause.code }
      logger.error(fields, 'an event is parked; what follows of its key waits')
    },
    redriven: (head) => {
      progress += 1
      instruments.redriven()
      const { id, record, position } = head
      const { topic, partition } = record
      const at = { topic, ...(partition === undefined ? {} : { partition }) }
      notifications?.note(
        { received: { id, record: at }, offset: position },
        { status: 'SUCCEEDED', redriven: true },
      )
      logger.info({ consumer: name, event: head.id, deadLetter: String(head.number) }, 'redriven')
    },
    ignored: (records) => instruments.ignored(records),
    look: () => quarantine.look(),
    measure: (partitions) => {
      const lag = partitions.reduce((sum, partition) => sum + lagOf(partition), 0n)
      const oldest = partitions.flatMap(({ prefix }) => (prefix.oldest === undefined ? [] : [prefix.oldest]))
      const since = oldest.length === 0 ? Date.now() : Math.min(...oldest)
      instruments.lag({ events: lag, seconds: Math.max(0, (Date.now() - since) / 1000) })
      return lag
    },
    health: (waiting) => {
      if (trouble !== undefined) return { state: 'degraded', reason: trouble }
      if (quarantine.health !== undefined) return quarantine.health
      return waiting === 0
        ? { state: 'up' }
        : {
            state: 'up',
            reason: `${waiting} ${waiting === 1 ? 'key waits' : 'keys wait'} for another attempt`,
          }
    },
    close: async () => notifications?.close(),
    outage: (error) => {
      trouble = error instanceof Error ? error.message : String(error)
      instruments.failed(errorType(error))
      logger.warn({ consumer: name, error: trouble }, 'the consumer waits and tries again')
    },
  }
}
