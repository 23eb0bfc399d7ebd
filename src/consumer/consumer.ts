import { OnewriteError } from '../error/onewrite-error.ts'
import { type Backoff, exponential } from '../retry/backoff.ts'
import { type Duration, milliseconds } from '../retry/duration.ts'
import { type ConsumerOptions, optionFaults } from './consumer-options.ts'
import type { AnyHandler } from './handler.ts'
import type { FirstFilter } from './inbox/first-filter.ts'

/** Options after their defaults; times in milliseconds. */
export interface ConsumerPlan {
  readonly concurrency: number
  readonly transaction: 'batch' | 'each'
  readonly retryFor: number
  readonly retryAttempts: number
  readonly unknownAttempts: number
  readonly backoff: Backoff
  readonly onFailure: 'quarantine' | 'skip' | 'stop'
  readonly onUnknown: 'skip' | 'park'
  readonly timeout: number
  readonly from: 'start' | 'now'
  readonly inboxWindow: number
  readonly acceptRepeats: boolean
  readonly notifications: boolean
  readonly firstFilter: FirstFilter | undefined
  readonly quarantineEvents: number
  readonly quarantineAge: number
}

/** A named set of handlers; a service runs it. */
export interface Consumer {
  readonly name: string
  readonly handlers: readonly AnyHandler[]
  readonly plan: ConsumerPlan
}

const week: Duration = '7d'

const planOf = (options: ConsumerOptions): ConsumerPlan => {
  const { retry = {}, inbox = {}, quarantine = {} } = options
  const bounded = retry.attempts !== undefined
  return {
    concurrency: options.concurrency ?? 16,
    transaction: options.transaction ?? 'batch',
    retryFor: bounded ? Number.POSITIVE_INFINITY : milliseconds(retry.for ?? '5m'),
    retryAttempts: retry.attempts ?? Number.POSITIVE_INFINITY,
    unknownAttempts: retry.attempts ?? 5,
    backoff: retry.backoff ?? exponential('1s', { max: '60s' }),
    onFailure: options.onFailure ?? 'quarantine',
    onUnknown: options.onUnknown ?? 'skip',
    timeout: milliseconds(options.timeout ?? '30s'),
    from: options.from ?? 'start',
    inboxWindow: milliseconds(inbox.window ?? week),
    acceptRepeats: inbox.acceptRepeats ?? false,
    notifications: options.notifications ?? false,
    firstFilter: options.firstFilter,
    quarantineEvents: quarantine.events ?? 1_000,
    quarantineAge: milliseconds(quarantine.age ?? '1h'),
  }
}

/**
 * Declares a consumer: who reads which events, and what to do when that fails. Its name is that of its group, inbox and
 * dead letters: changing it begins anew.
 *
 * @throws INVALID_CONFIG naming every fault
 */
export const consumer = (
  name: string,
  handlers: readonly AnyHandler[],
  options: ConsumerOptions = {},
): Consumer => {
  const faults = optionFaults(name, handlers, options)
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
  return Object.freeze({ name, handlers: [...handlers], plan: planOf(options) })
}
