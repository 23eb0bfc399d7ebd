import type { Logger } from '../lifecycle/logger.ts'
import type { Database } from '../postgres/database.ts'
import type { Consumer } from './consumer.ts'
import type { Remembering } from './inbox/remembering.ts'
import type { Retry } from './retries.ts'
import type { ConsumerWatch } from './watch.ts'

/** What all parts of one running consumer share. */
export interface Context {
  readonly consumer: Consumer
  /** Its number in the database. */
  readonly id: number
  /** Whose dead letters they are: `consumer/inventory`. */
  readonly reader: string
  readonly database: Database
  readonly logger: Logger
  /** Failed attempts that are not over, by event id. */
  readonly retries: Map<string, Retry>
  /** Handlers that were given up and have not returned, by lane: nothing of the lane may overtake them. */
  readonly stragglers: Map<string, Promise<unknown>>
  /** Whether dead letters are published, too: not where nothing relays the log. */
  readonly publishing: boolean
  /** How often a lane met another transaction that was in its way. */
  readonly collisions: Map<string, number>
  /** Asked before the inbox, where the consumer has one. */
  readonly firstFilter: Remembering | undefined
  readonly watch: ConsumerWatch
  /** Something was recorded. */
  recorded(): void
}
