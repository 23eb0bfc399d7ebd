import type { Logger } from '../lifecycle/logger.ts'
import type { Database } from '../postgres/database.ts'
import type { Subscribing } from '../transport/subscriber.ts'
import type { Consumer } from './consumer.ts'

export interface RunOptions {
  readonly consumer: Consumer
  readonly database: Database
  readonly subscribing: Subscribing
  /** What it reads; all where absent and the transport can. */
  readonly topics?: readonly string[]
  /** Whether dead letters are published to `<topic>.DLQ`, through the log: only where a relay moves it. Default false. */
  readonly publishing?: boolean
  /** Something was recorded in this process: handlers emitted events. */
  readonly recorded?: () => void
  /** Connections it may hold at once, of those the database has. Default 6. */
  readonly connections?: number
  /** Milliseconds between two looks for dead letters that were released. Default 1,000. */
  readonly lookEvery?: number
  /** Milliseconds without progress, while there is work, after which it is restarted. Default 60,000. */
  readonly stalledAfter?: number
  readonly logger?: Logger
}
