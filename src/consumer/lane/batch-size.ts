/** How many events go into one transaction. */
export interface BatchSize {
  readonly most: number
  /** Handlers are so slow that a transaction over many keys makes no sense. */
  readonly apart: boolean
  /** A transaction of at most that many took so many milliseconds. */
  took(milliseconds: number): void
  tookTooLong(): void
}

const largest = 500
/** Milliseconds: below it a larger batch costs nobody patience, above it a smaller one loses little. */
const quick = 200
const slow = 1_000

/** Milliseconds after which slow handlers are given another chance together. */
const patience = 60_000

/**
 * Grows while transactions are quick and shrinks when they are slow: fast handlers share a commit among hundreds, and
 * slow ones do not hold up other keys for long.
 */
export const batchSize = ({ concurrency }: { readonly concurrency: number }): BatchSize => {
  const smallest = Math.min(largest, Math.max(16, concurrency))
  let most = Math.max(64, smallest)
  let apartUntil = 0
  return {
    get most() {
      return most
    },
    get apart() {
      return performance.now() < apartUntil
    },
    took: (milliseconds) => {
      if (milliseconds < quick) most = Math.min(largest, most * 2)
      else if (milliseconds > slow) most = Math.max(smallest, Math.ceil(most / 2))
    },
    tookTooLong: () => {
      if (most <= smallest) apartUntil = performance.now() + patience
      most = smallest
    },
  }
}
