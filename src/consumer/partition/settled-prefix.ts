/** What of one partition is dealt with, as far as there is no gap. */
export interface SettledPrefix {
  /** A record came; offsets grow. `at`: milliseconds since 1970, where known. */
  begin(offset: bigint, at?: number): void
  /** It is dealt with, in whatever order. */
  settle(offset: bigint): void
  /** Everything below is dealt with; undefined before the first record. */
  readonly next: bigint | undefined
  readonly unsettled: number
  /** When the first of what is unsettled was written; undefined where there is none, or nobody said. */
  readonly oldest: number | undefined
}

/**
 * Keeps only what is unsettled, so a key that is retried for minutes while millions pass costs nothing: what was
 * settled beyond it is known to the inbox.
 */
export const settledPrefix = (): SettledPrefix => {
  // In the order of insertion, which is that of the offsets: the first one is the lowest.
  const unsettled = new Map<bigint, number | undefined>()
  let beyond: bigint | undefined
  return {
    begin: (offset, at) => {
      unsettled.set(offset, at)
      beyond = offset + 1n
    },
    settle: (offset) => {
      unsettled.delete(offset)
    },
    get next() {
      const [lowest] = unsettled.keys()
      return lowest ?? beyond
    },
    get unsettled() {
      return unsettled.size
    },
    get oldest() {
      const [oldest] = unsettled.values()
      return oldest
    },
  }
}
