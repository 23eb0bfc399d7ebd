import type { Database } from '../../postgres/database.ts'
import type { FirstFilter } from './first-filter.ts'
import { inboxIdentity } from './identity.ts'

/** The first filter of one consumer, which never makes anything fail. */
export interface Remembering {
  /** Those of the ids that are remembered; none where it cannot be told. */
  seen(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** To be called after the database has committed what was done about them. */
  remember(ids: readonly string[]): void
}

/**
 * What is remembered belongs to one inbox and one consumer in it: after a restore, a failover, or where the consumer
 * was forgotten, nothing of it counts any more.
 */
export const remembering = async (
  database: Database,
  filter: FirstFilter,
  consumer: { readonly id: number; readonly name: string },
): Promise<Remembering> => {
  const scope = `${consumer.name}/${consumer.id}@${await inboxIdentity(database)}`
  return {
    seen: async (ids) => {
      try {
        return await filter.seen(scope, ids)
      } catch {
        return new Set()
      }
    },
    remember: (ids) => {
      // An own function may throw before it gives a promise.
      void (async () => filter.remember(scope, ids))().catch(() => undefined)
    },
  }
}
