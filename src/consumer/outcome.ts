import { type Duration, milliseconds } from '../retry/duration.ts'

/** What a handler decides about an event instead of handling it. */
export type Outcome =
  | { readonly outcome: 'retry'; readonly after: number }
  | { readonly outcome: 'skip'; readonly reason: string }
  | { readonly outcome: 'dead-letter'; readonly reason: string }

/**
 * Not now: the event is handed out again after this time, and what follows of its key waits. Counts as an attempt.
 * Everything the handler wrote is rolled back.
 *
 * @throws INVALID_CONFIG
 */
export const retry = (after: Duration): Outcome => ({
  outcome: 'retry',
  after: milliseconds(after, 'retry'),
})

/** Not for us: the event counts as dealt with, and what the handler wrote is kept. */
export const skip = (reason: string): Outcome => ({ outcome: 'skip', reason })

/** Cannot be handled: a person has to look at it. Everything the handler wrote is rolled back. */
export const deadLetter = (reason: string): Outcome => ({ outcome: 'dead-letter', reason })
