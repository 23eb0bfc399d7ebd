/** What a consumer looks like at one moment. */
export interface Moment {
  /** Records not dealt with. */
  readonly lag: bigint
  /** Events dealt with so far. */
  readonly progress: number
  /** It is known what it waits for: a retry, a database. */
  readonly excused: boolean
  /** Milliseconds that never go back. */
  readonly now: number
}

export interface StallWatch {
  /** Whether it has stalled: once, then it looks afresh. */
  look(moment: Moment): boolean
}

/**
 * Clients of Kafka stop silently at times: alive, heartbeating, fetching nothing. That shows in a lag that grows while
 * nothing is dealt with. A lag that stays is none: the marks of transactions count as records.
 */
export const stallWatch = (after: number): StallWatch => {
  let since: Moment | undefined
  return {
    look: (moment) => {
      const goesOn = since === undefined || moment.excused || moment.progress !== since.progress
      if (goesOn || moment.lag === 0n) {
        since = moment
        return false
      }
      if (since === undefined || moment.now - since.now < after) return false
      const stalled = moment.lag > since.lag
      since = moment
      return stalled
    },
  }
}
