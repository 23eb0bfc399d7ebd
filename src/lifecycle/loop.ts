import { isOnewriteError } from '../error/onewrite-error.ts'
import { exponential } from '../retry/backoff.ts'
import { withDeadline } from './deadline.ts'
import type { Health, HealthState } from './health.ts'
import { type Logger, silentLogger } from './logger.ts'
import { pause } from './pause.ts'

/** How a running loop tells its state. Reporting `up` or `standby` ends the series of failures. */
export type Report = (state: HealthState, reason?: string) => void

export interface LoopOptions {
  readonly name: string
  /**
   * One life of the loop: runs until the signal is aborted, then finishes what it has in hand and returns.
   * A throw ends this life; the next begins after a backoff.
   */
  readonly run: (signal: AbortSignal, report: Report) => Promise<void>
  /** Milliseconds before the life that follows the nth failure in a row. Default: 100 ms doubling to 5 s, jittered. */
  readonly backoff?: (attempt: number) => number
  readonly logger?: Logger
}

/** A background loop with one lifecycle. Every method may be called in any order, and again. */
export interface Loop {
  readonly name: string
  start(): void
  /** Resolves once the first life is up, stands by, or has failed for the first time; or the loop was stopped. */
  readonly settled: Promise<void>
  /** Resolves once the loop has ended. */
  readonly ended: Promise<void>
  /**
   * Lets the loop finish what it has in hand and resolves once it has ended.
   *
   * @throws DRAIN_TIMEOUT when that took longer than `drain` milliseconds (default 20,000); the loop is then on its own
   */
  stop(options?: { readonly drain?: number }): Promise<void>
  health(): Health
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const described = (error: unknown): { readonly error: string; readonly code: string | undefined } => ({
  error: describe(error),
  code: isOnewriteError(error) ? error.code : undefined,
})

const signalled = (): { readonly promise: Promise<void>; resolve(): void } => {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}

export const loop = (options: LoopOptions): Loop => {
  const { name, run, logger = silentLogger, backoff = exponential('100ms', { max: '5s' }) } = options
  const stopping = new AbortController()
  let health: Health = { name, state: 'stopped' }
  let failures = 0
  let started = false
  const settled = signalled()
  const ended = signalled()

  const report: Report = (state, reason) => {
    if (state === 'up' || state === 'standby') failures = 0
    if (state !== 'starting') settled.resolve()
    health = reason === undefined ? { name, state } : { name, state, reason }
  }

  const fail = async (error: unknown): Promise<void> => {
    failures += 1
    const wait = backoff(failures)
    logger.warn({ loop: name, failures, wait, ...described(error) }, 'the loop failed and will go on')
    report('degraded', describe(error))
    await pause(wait, stopping.signal)
  }

  const live = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await run(stopping.signal, report)
        // A life that returns at once, again and again, must not keep timers and sockets from being served.
        await pause(0, stopping.signal)
      } catch (error) {
        if (!stopping.signal.aborted) await fail(error)
      }
    }
    report('stopped')
    ended.resolve()
  }

  return {
    name,
    settled: settled.promise,
    ended: ended.promise,
    start: () => {
      if (started || stopping.signal.aborted) return
      started = true
      report('starting')
      void live()
    },
    stop: async ({ drain = 20_000 } = {}) => {
      stopping.abort()
      if (started) await withDeadline(name, ended.promise, drain)
      else {
        settled.resolve()
        ended.resolve()
      }
    },
    health: () => health,
  }
}

/**
 * Stops loops at the same time, all of them whatever becomes of one.
 *
 * @throws DRAIN_TIMEOUT
 */
export const stopAll = async (loops: readonly Loop[], options: { readonly drain: number }): Promise<void> => {
  const outcomes = await Promise.allSettled(loops.map((one) => one.stop(options)))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
