import { OnewriteError } from '../error/onewrite-error.ts'
import { type Duration, milliseconds } from './duration.ts'

/** How many milliseconds to wait after the nth failed attempt, n from 1. */
export type Backoff = (attempt: number) => number

export interface ExponentialOptions {
  /** Longest wait. Default 60 s. */
  readonly max?: Duration
  /** Default 2. */
  readonly factor?: number
  /**
   * `full`, the default: anywhere from 0 to the computed wait, which spreads clients that failed together
   * best. `none`: the computed wait.
   */
  readonly jitter?: 'full' | 'none'
  /** From 0 (included) to 1 (excluded). Default Math.random. */
  readonly random?: () => number
}

/**
 * Waits that grow by a factor: `exponential('1s', { max: '60s' })`.
 *
 * @throws INVALID_CONFIG
 */
export const exponential = (
  base: Duration,
  { max = '60s', factor = 2, jitter = 'full', random = Math.random }: ExponentialOptions = {},
): Backoff => {
  const first = milliseconds(base, 'base')
  const longest = milliseconds(max, 'max')
  if (!(factor >= 1 && Number.isFinite(factor))) {
    throw new OnewriteError('INVALID_CONFIG', { faults: `factor: ${factor} is not a number from 1` })
  }
  return (attempt) => {
    // The power overflows to Infinity for a large attempt; 0 times that is NaN, so a base of 0 is answered
    // first.
    const computed = first === 0 ? 0 : Math.min(longest, first * factor ** Math.max(0, attempt - 1))
    return Math.round(jitter === 'none' ? computed : computed * random())
  }
}
