import type { ConsumerPlan } from '../consumer.ts'
import type { Retry } from '../retries.ts'
import type { Failure } from './failure.ts'

/** What happens next to an event that failed. */
export type Decision = { readonly next: 'again'; readonly wait: number } | { readonly next: 'give up' }

/** How often an event may be tried whose error says nothing: the attempts, or a handful. */
const mostAttempts = ({ retryAttempts, unknownAttempts }: ConsumerPlan, { verdict, after }: Failure) => {
  if (verdict === 'permanent') return 1
  return verdict === 'unknown' && after === undefined
    ? Math.min(unknownAttempts, retryAttempts)
    : retryAttempts
}

/** Milliseconds until the next attempt, should there be one. */
export const waitOf = ({ backoff }: ConsumerPlan, failure: Failure, attempt: number): number =>
  failure.after ?? backoff(attempt)

/** By the attempts made so far and the time since the first one failed. */
export const decide = (plan: ConsumerPlan, failure: Failure, made: Retry, now: number): Decision => {
  const over = now - made.firstFailedAt.getTime() >= plan.retryFor && made.attempts > 1
  if (over || made.attempts >= mostAttempts(plan, failure)) return { next: 'give up' }
  return { next: 'again', wait: Math.max(0, made.nextAt.getTime() - now) }
}
