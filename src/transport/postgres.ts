import { OnewriteError } from '../error/onewrite-error.ts'
import type { Member, SubscribeOptions, Subscription } from './subscriber.ts'
import type { Transport } from './transport.ts'

export interface LogSubscribeOptions extends SubscribeOptions {
  /**
   * Into how many virtual partitions a new group divides the log, and so how many instances can share it: from 1 to
   * 1,024, default 16. A group keeps the number that it began with.
   */
  readonly partitions?: number
}

/** The subscribing side of a log. */
interface LogSubscribing {
  subscribe(options: LogSubscribeOptions, member: Member): Subscription
}

export interface PostgresOptions {
  /** See `LogSubscribeOptions.partitions`; of every group that is made through this transport. */
  readonly partitions?: number
}

/**
 * No broker: subscribers read the log itself, in order of each key, with their progress in PostgreSQL. The default.
 * Nothing has to be relayed, so it has no publishing side.
 */
export const postgres = ({ partitions }: PostgresOptions = {}): Transport => {
  let attached: LogSubscribing | undefined
  const divided = partitions === undefined ? {} : { partitions }
  return {
    name: 'postgres',
    subscribing: {
      subscribe: (options, member) => {
        if (attached !== undefined) return attached.subscribe({ ...divided, ...options }, member)
        throw new OnewriteError('INVALID_CONFIG', {
          faults:
            'the postgres transport reads the log of a service; start the service that it was given to first',
        })
      },
    },
    attach: (log: LogSubscribing) => {
      attached = log
    },
    // The service has opened the database already; there is nothing else to reach.
    check: async () => {},
    close: async () => {
      attached = undefined
    },
  }
}
