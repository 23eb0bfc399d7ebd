import { plainText, shortId } from '../dead-letter/queue.ts'
import type { Cause } from '../dead-letter/set-aside.ts'
import type { Logger } from '../lifecycle/logger.ts'
import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

/** What has become of an event at a consumer, in the order in which it goes. */
export const notificationStatuses = [
  'PENDING',
  'RETRYING',
  'FAILED',
  'DEAD_LETTERED',
  'SKIPPED',
  'SUCCEEDED',
] as const

export type NotificationStatus = (typeof notificationStatuses)[number]

/** An event, and where it was read. */
export interface Noted {
  readonly received: {
    readonly id: string
    readonly type?: string | undefined
    readonly record: { readonly topic: string; readonly partition?: number }
  }
  readonly offset: bigint
}

export interface Fate {
  readonly status: NotificationStatus
  readonly attempts?: number
  readonly cause?: Cause
  /** Why it was skipped. */
  readonly reason?: string
  /** It ran again as a dead letter: what was noted before does not count any more. */
  readonly redriven?: boolean
}

export interface NotificationsOptions {
  readonly database: Database
  /** Number of the consumer. */
  readonly consumer: number
  readonly logger: Logger
  /** Milliseconds between two writes. Default 250. */
  readonly every?: number
}

/** The record of what became of each event, for people. Written soon after the effect; nothing is decided by it. */
export interface Notifications {
  /** Never fails and never waits. */
  note(event: Noted, fate: Fate): void
  /** Notes that could not be written or kept until they were. */
  readonly missed: number
  /** Writes what is left. */
  close(): Promise<void>
}

/** Notes that wait at most. Beyond that a new event is missed: the database is away, and memory stays bounded. */
const mostWaiting = 10_000
const mostAtOnce = 500
const longestCause = 1_000

interface Note extends Fate {
  readonly event: Noted
}

const table = (schema: string): string => `${quoteIdentifier('schema', schema)}.notifications`

const rankOf = (column: string): string =>
  `array_position(array['${notificationStatuses.join("', '")}'], ${column})`

// Notes of two instances, or of two writes, may come in any order: what is further on stays.
const writeSql = (schema: string, redriven: boolean): string => `
  insert into ${table(schema)} as known
    (consumer, event_id, status, attempts, error_code, cause, event_type, topic, partition, position)
  select $1, new.id, new.status, new.attempts, new.code, new.cause, new.type, new.topic, new.partition, new.position
  from unnest($2::text[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[],
    $10::bigint[]) as new(id, status, attempts, code, cause, type, topic, partition, position)
  order by new.id
  on conflict on constraint notifications_pkey do update
  set status = excluded.status, attempts = greatest(known.attempts, excluded.attempts),
      error_code = excluded.error_code, cause = excluded.cause,
      event_type = coalesce(excluded.event_type, known.event_type), updated_at = clock_timestamp()
  ${redriven ? '' : `where ${rankOf('excluded.status')} >= ${rankOf('known.status')}`}`

/** Of a fate that does not say. */
const attemptsOf = ({ attempts, status }: Fate): number =>
  attempts ?? (status === 'PENDING' || status === 'SKIPPED' ? 0 : 1)

const causeOf = ({ cause, reason }: Fate): string | null => {
  const text = cause?.message ?? reason
  return text === undefined ? null : plainText(text).slice(0, longestCause)
}

const columnsOf = (notes: readonly Note[]): readonly unknown[] => {
  const records = notes.map(({ event }) => event.received.record)
  return [
    notes.map(({ event }) => shortId(event.received.id)),
    notes.map(({ status }) => status),
    notes.map(attemptsOf),
    notes.map(({ cause }) => cause?.code ?? null),
    notes.map(causeOf),
    notes.map(({ event }) => event.received.type ?? null),
    records.map(({ topic }) => plainText(topic)),
    records.map(({ partition = -1 }) => partition),
    notes.map(({ event }) => String(event.offset)),
  ]
}

const rank = (status: NotificationStatus): number => notificationStatuses.indexOf(status)

/** One note per event is enough: the one that is further on, unless it begins anew. */
const merged = (before: Note | undefined, note: Note): Note => {
  if (before === undefined || note.redriven === true) return note
  const later = rank(note.status) >= rank(before.status) ? note : before
  const attempts = Math.max(attemptsOf(before), attemptsOf(note))
  return { ...later, attempts, ...(before.redriven === true ? { redriven: true } : {}) }
}

export const notifications = (options: NotificationsOptions): Notifications => {
  const { database, consumer, logger, every = 250 } = options
  const waiting = new Map<string, Note>()
  let missed = 0
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  const write = async (notes: readonly Note[], redriven: boolean): Promise<void> => {
    if (notes.length === 0) return
    try {
      await database.query(writeSql(database.schema, redriven), [consumer, ...columnsOf(notes)])
    } catch (error) {
      missed += notes.length
      const reason = error instanceof Error ? error.message : String(error)
      logger.warn(
        { missed, error: reason },
        'what became of events could not be noted; nothing else is affected',
      )
    }
  }

  const writeAll = async (): Promise<void> => {
    while (waiting.size > 0) {
      const notes = [...waiting.values()].slice(0, mostAtOnce)
      for (const { event } of notes) waiting.delete(shortId(event.received.id))
      await write(
        notes.filter(({ redriven }) => redriven !== true),
        false,
      )
      await write(
        notes.filter(({ redriven }) => redriven === true),
        true,
      )
    }
  }

  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    writing = writing.then(writeAll)
    return writing
  }

  return {
    note: (event, fate) => {
      const id = shortId(event.received.id)
      const before = waiting.get(id)
      if (before === undefined && waiting.size >= mostWaiting) {
        missed += 1
        return
      }
      waiting.set(id, merged(before, { ...fate, event }))
      timer ??= setTimeout(flush, every)
    },
    get missed() {
      return missed
    },
    close: flush,
  }
}
