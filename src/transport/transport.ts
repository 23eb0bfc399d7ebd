import type { Publishing } from './publisher.ts'
import type { Subscribing } from './subscriber.ts'

/** Moves records between services. Consumers do not know which one carries them. */
export interface Transport {
  readonly name: string
  /** Absent where records need no relay because subscribers read the log itself. */
  readonly publishing?: Publishing
  /** Absent where the transport cannot deliver yet. */
  readonly subscribing?: Subscribing
  /** Where a transport without a broker is given the subscribing side of the log; the service calls it before start. */
  attach?(log: Subscribing): void
  /** Resolves when the transport can be reached; rejects with the reason otherwise. */
  check(): Promise<void>
  close(): Promise<void>
}
