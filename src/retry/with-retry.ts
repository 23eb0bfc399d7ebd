import { setTimeout as delay } from 'node:timers/promises'
import { OnewriteError } from '../error/onewrite-error.ts'
import { type Backoff, exponential } from './backoff.ts'
import { classify } from './classify.ts'
import { type Duration, milliseconds } from './duration.ts'

/** Time as retries see it; a test may bring its own. */
export interface RetryClock {
  /** Milliseconds that never go back. */
  now(): number
  /** Rejects when the signal is aborted. */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void>
}

export interface FailedAttempt {
  readonly error: unknown
  /** From 1. */
  readonly attempt: number
  /** Milliseconds until the next one. */
  readonly delay: number
}

export interface RetryOptions {
  /** Default `exponential('1s')`. */
  readonly backoff?: Backoff
  /** Most attempts, the first included. Default: no limit. */
  readonly attempts?: number
  /** No attempt starts later than this after the first one. Default: no limit. */
  readonly for?: Duration
  /** Ends waiting at once; the reason of the signal is thrown. */
  readonly signal?: AbortSignal
  /** Default: what `classify` calls transient. */
  readonly retryIf?: (error: unknown) => boolean
  /** Told before each wait. */
  readonly onRetry?: (failed: FailedAttempt) => void
  readonly clock?: RetryClock
}

/** The longest wait a timer of Node can take; a longer one would fire at once. */
const longestTimer = 2 ** 31 - 1

const realClock: RetryClock = {
  now: () => performance.now(),
  wait: async (milliseconds, signal) => {
    await delay(Math.min(milliseconds, longestTimer), undefined, signal === undefined ? {} : { signal })
  },
}

const isTransient = (error: unknown): boolean => classify(error) === 'transient'

const checkAttempts = (attempts: number): void => {
  if (attempts >= 1) return
  throw new OnewriteError('INVALID_CONFIG', { faults: `attempts: ${attempts} is not a number from 1` })
}

const waitFor = async (
  clock: RetryClock,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> => {
  try {
    await clock.wait(milliseconds, signal)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/**
 * Runs `work` until it resolves. Rejects with the error of the last attempt, unchanged, when that is not to
 * be retried, or the attempts or the time are used up; a wait that would end after the time is shortened to
 * it.
 *
 * @throws INVALID_CONFIG
 */
export const withRetry = async <T>(
  work: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> => {
  const { signal, clock = realClock, retryIf = isTransient, attempts = Number.POSITIVE_INFINITY } = options
  const backoff = options.backoff ?? exponential('1s')
  checkAttempts(attempts)
  const deadline =
    options.for === undefined ? Number.POSITIVE_INFINITY : clock.now() + milliseconds(options.for, 'for')
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await work(attempt)
    } catch (error) {
      const left = deadline - clock.now()
      if (attempt >= attempts || left <= 0 || !retryIf(error)) throw error
      const wait = Math.min(backoff(attempt), left)
      options.onRetry?.({ error, attempt, delay: wait })
      await waitFor(clock, wait, signal)
    }
  }
}
