import { hostname } from 'node:os'
import { OnewriteError } from '../error/onewrite-error.ts'
import { withDeadline } from '../lifecycle/deadline.ts'
import type { Logger } from '../lifecycle/logger.ts'
import { pause } from '../lifecycle/pause.ts'
import type { Database } from './database.ts'
import { acquireLease, type Lease, releaseLease, renewLease } from './lease.ts'

export interface LeadOptions {
  readonly database: Database
  /** Name of the lease. */
  readonly name: string
  /** Unlike any other instance's. */
  readonly owner: string
  /** Milliseconds after which a silent leader is replaced. */
  readonly ttl: number
  readonly logger: Logger
}

export interface Leadership {
  readonly token: bigint
  /** Aborted once the lease may belong to somebody else. */
  readonly lost: AbortSignal
  /** Hands the lease back, so that a standby need not wait for it to run out. Never rejects. */
  release(): Promise<void>
}

export const ownerName = (): string => `${hostname()}:${process.pid}:${crypto.randomUUID().slice(0, 8)}`

/**
 * Settles with `work`, or rejects once leadership is lost: a half-open connection may never answer.
 *
 * @throws FENCED
 */
export const whileLeading = async <T>(work: Promise<T>, name: string, lost: AbortSignal): Promise<T> => {
  // Nobody waits for it any more once leadership is lost.
  work.catch(() => undefined)
  if (lost.aborted) throw new OnewriteError('FENCED', { name })
  return new Promise<T>((resolve, reject) => {
    const give = (): void => reject(new OnewriteError('FENCED', { name }))
    lost.addEventListener('abort', give, { once: true })
    work.then(resolve, reject).finally(() => lost.removeEventListener('abort', give))
  })
}

/** The lease runs out by itself: whoever stops does not wait longer for a database that does not answer. */
const patience = 2000

/**
 * Renews three times per ttl and calls `lose` once the lease may be somebody else's: when a renewal is refused, or when
 * none succeeded for a ttl, measured from before the request. A process that was stopped in between still believes in
 * itself for a moment; that is what fencing is for.
 */
const keep = async (
  options: LeadOptions,
  lease: Lease,
  ended: AbortSignal,
  lose: () => void,
): Promise<void> => {
  const { database, logger, name, ttl } = options
  const loseAt = (validUntil: number) => setTimeout(lose, Math.max(0, validUntil - performance.now()))
  let deadline = loseAt(lease.validUntil)
  const stop = (): void => clearTimeout(deadline)
  ended.addEventListener('abort', stop, { once: true })
  for (;;) {
    await pause(ttl / 3, ended)
    if (ended.aborted) return
    try {
      const renewed = await renewLease(database, lease, ttl)
      if (ended.aborted) return
      stop()
      if (renewed === undefined) return lose()
      deadline = loseAt(renewed.validUntil)
    } catch (error) {
      logger.warn({ lease: name, error: String(error) }, 'the lease could not be renewed')
    }
  }
}

/** Waits for the lease; undefined when the signal was aborted first. Calls `onStandby` while somebody else has it. */
export const lead = async (
  options: LeadOptions,
  signal: AbortSignal,
  onStandby: () => void,
): Promise<Leadership | undefined> => {
  const { database, name, owner, ttl, logger } = options
  while (!signal.aborted) {
    const lease = await acquireLease(database, { name, owner, ttl })
    if (lease !== undefined) {
      const ended = new AbortController()
      const lost = new AbortController()
      const kept = keep(options, lease, ended.signal, () => lost.abort())
      return {
        token: lease.token,
        lost: lost.signal,
        release: async () => {
          ended.abort()
          const released = kept.then(() => releaseLease(database, lease))
          await withDeadline(name, released, patience).catch((error: unknown) => {
            logger.warn(
              { lease: name, error: String(error) },
              'the lease could not be released; it will run out',
            )
          })
        },
      }
    }
    onStandby()
    await pause(ttl / 5, signal)
  }
  return undefined
}
