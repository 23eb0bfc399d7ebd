import { withDeadline } from '../lifecycle/deadline.ts'
import { type Loop, stopAll } from '../lifecycle/loop.ts'
import type { LogSubscribing } from '../log/subscribe.ts'
import { type Duration, milliseconds } from '../retry/duration.ts'
import type { Transport } from '../transport/transport.ts'

export interface Stopping {
  readonly name: string
  /** Stopped first: what they emit while they finish can still leave. */
  readonly consuming: readonly Loop[]
  readonly others: readonly Loop[]
  readonly log: LogSubscribing
  readonly transport: Transport
  /** Lets go of the database. */
  close(): Promise<void>
}

const shortest = 1_000

/**
 * Finishes what is in hand, at most for `drain`, and releases everything, whatever becomes of a part.
 *
 * @throws INVALID_CONFIG, DRAIN_TIMEOUT
 */
export const stopService = async (
  { name, consuming, others, log, transport, close }: Stopping,
  { drain = '20s' }: { readonly drain?: Duration } = {},
): Promise<void> => {
  const limit = milliseconds(drain, 'drain')
  const until = performance.now() + limit
  const left = (): number => Math.max(shortest, until - performance.now())
  const outcomes = await Promise.allSettled([stopAll(consuming, { drain: limit })])
  const rest = consuming.length === 0 ? limit : left()
  // A subscription ends with the service: what it reads from is closed below.
  outcomes.push(...(await Promise.allSettled([stopAll(others, { drain: rest }), log.stop({ drain: rest })])))
  const closed = Promise.allSettled([transport.close()]).then(close)
  outcomes.push(...(await Promise.allSettled([withDeadline(`service ${name}`, closed, left())])))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
