export interface Pace {
  /** Waits until it is time to look again, until poked, or until the signal is aborted. */
  wait(found: boolean, signal: AbortSignal): Promise<void>
  /** Something was just committed in this process: look now. */
  poke(): void
}

export interface PaceOptions {
  /** Milliseconds between looks while events arrive. Default 5. */
  readonly shortest?: number
  /** Milliseconds between looks while nothing arrives. Default 100. */
  readonly longest?: number
}

/**
 * Adaptive polling: doubles from the shortest to the longest wait while nothing is found. An idle poll every 5 ms
 * costs 7 % of a core, every 100 ms under 1 %. NOTIFY inside the writer's transaction is not an alternative: it
 * serialises commits (775 transactions/s against 9,960 with a flush of 1 ms).
 */
export const pace = ({ shortest = 5, longest = 100 }: PaceOptions = {}): Pace => {
  let delay = shortest
  let poked = false
  let wake: (() => void) | undefined
  return {
    wait: (found, signal) => {
      delay = found ? shortest : Math.min(delay * 2, longest)
      if (poked || signal.aborted) {
        poked = false
        return Promise.resolve()
      }
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake?.(), delay)
        wake = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
          wake = undefined
          poked = false
          resolve()
        }
        const onAbort = (): void => wake?.()
        signal.addEventListener('abort', onAbort, { once: true })
      })
    },
    poke: () => {
      poked = true
      delay = shortest
      wake?.()
    },
  }
}
