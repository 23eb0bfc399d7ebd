import type { Logger } from '../lifecycle/logger.ts'
import type { Database } from '../postgres/database.ts'
import { countDeadLetters, type DeadLetterCounts } from './list.ts'

/** What a quarantine may come to before it counts as unwell. */
export interface QuarantineBudget {
  /** Records that wait. Default 100,000. */
  readonly waiting?: number
  /** Milliseconds since the oldest began. Default a day. */
  readonly age?: number
}

export interface QuarantineHealth {
  /** `degraded` beyond the budget, and while a whole topic is refused. */
  readonly state: 'up' | 'degraded'
  readonly reason: string
}

const day = 86_400_000

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** What to say of a quarantine; undefined where there is none. */
export const quarantineHealth = (
  { quarantines, topics, parked, waiting, since }: DeadLetterCounts,
  { waiting: mostWaiting = 100_000, age = day }: QuarantineBudget,
  now: number,
): QuarantineHealth | undefined => {
  if (quarantines === 0 || since === undefined) return undefined
  const over = topics > 0 || waiting > mostWaiting || now - since.getTime() > age
  const what = topics > 0 ? counted(topics, 'topic is refused', 'topics are refused') : 'records were refused'
  const reason =
    `${what}: ${counted(quarantines, 'quarantine', 'quarantines')} since ${since.toISOString()}, ` +
    `${parked} parked, ${waiting} waiting behind; see onewrite dead-letters list`
  return { state: over ? 'degraded' : 'up', reason }
}

const lookEvery = 60_000

export interface QuarantineWatch {
  readonly health: QuarantineHealth | undefined
  /** Counts again: now, or at most once a minute. */
  look(now?: boolean): Promise<void>
}

/** Counts what waits at one reader, and warns once a minute while it is beyond the budget. */
export const watchQuarantine = (
  database: Database,
  reader: string,
  { budget, logger }: { readonly budget: QuarantineBudget; readonly logger: Logger },
): QuarantineWatch => {
  let health: QuarantineHealth | undefined
  let lookedAt = Number.NEGATIVE_INFINITY
  return {
    get health() {
      return health
    },
    look: async (now = false) => {
      if (!now && performance.now() - lookedAt < lookEvery) return
      lookedAt = performance.now()
      health = quarantineHealth(await countDeadLetters(database, reader), budget, Date.now())
      if (health?.state === 'degraded') logger.warn({ reader, reason: health.reason }, 'quarantined for long')
    },
  }
}
