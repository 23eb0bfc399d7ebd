import type { Reader } from '../../dead-letter/fence.ts'
import { keyQueue, queueName } from '../../dead-letter/queue.ts'
import { markSent, parkAgain, type Release, takeReleased } from '../../dead-letter/release.ts'
import { fingerprint } from '../../dead-letter/set-aside.ts'
import { failpoint } from '../../lifecycle/failpoint.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { Database } from '../../postgres/database.ts'
import type { Refused } from '../../transport/refused.ts'
import { causeOf, isRefused } from './refusals.ts'
import type { Quarantined } from './verdict.ts'

/** The way out of the quarantine. */
export interface Releases {
  /** What leaves now; nothing where nobody released anything, or the last look was a moment ago. */
  take(): Promise<readonly OutgoingRecord[]>
  /** The checkpoint that names the last release is safe. */
  settled(): Promise<void>
  /** Parks what was refused of the release under way; false where it is about other records. */
  park(refused: Refused, error: unknown): Promise<boolean>
  /** Something was set aside. */
  watch(): void
  /** Of the last release that was taken. */
  readonly released: bigint
  /** Whether there is any queue. */
  readonly watching: boolean
}

export interface ReleasesOptions extends Reader {
  readonly database: Database
  readonly known: Quarantined
  readonly released: bigint
  readonly watching: boolean
  /** Milliseconds between two looks. */
  readonly lookEvery: number
}

export const releases = ({
  database,
  known,
  lookEvery,
  reader,
  token,
  ...options
}: ReleasesOptions): Releases => {
  const owner = { reader, token }
  let { released, watching } = options
  let lookedAt = Number.NEGATIVE_INFINITY
  let pending: Release | undefined

  return {
    take: async () => {
      if (!watching || performance.now() - lookedAt < lookEvery) return []
      lookedAt = performance.now()
      const looked = await takeReleased(database, owner, released + 1n)
      for (const queue of looked.closed) known.queues.delete(queueName(queue))
      watching = looked.waiting
      pending = looked.release
      if (pending === undefined) return []
      released = pending.release
      return pending.leaving.map(({ record }) => record)
    },
    settled: async () => {
      if (pending === undefined) return
      failpoint('deadLetter.sent')
      await markSent(database, owner, pending.release)
      pending = undefined
      // There may be more of the same queue.
      lookedAt = Number.NEGATIVE_INFINITY
    },
    park: async ({ scope, records }, error) => {
      const again = (pending?.leaving ?? []).filter(({ record }) =>
        records.some((one) => isRefused(one, record)),
      )
      if (again.length === 0) return false
      const cause = causeOf(error)
      const parked = again.map(({ number, record }) =>
        scope === 'topic' ? { number, record } : { number, record, ownQueue: keyQueue(record, number) },
      )
      await parkAgain(database, owner, parked, { ...cause, fingerprint: fingerprint(cause) })
      return true
    },
    watch: () => {
      watching = true
    },
    get released() {
      return released
    },
    get watching() {
      return watching
    },
  }
}
