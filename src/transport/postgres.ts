import { OnewriteError } from '../error/onewrite-error.ts'
import type { Subscribing } from './subscriber.ts'
import type { Transport } from './transport.ts'

/**
 * No broker: subscribers read the log itself, in order, with a checkpoint in PostgreSQL. The default. Nothing has to be
 * relayed, so it has no publishing side.
 */
export const postgres = (): Transport => {
  let attached: Subscribing | undefined
  return {
    name: 'postgres',
    subscribing: {
      subscribe: (options, member) => {
        if (attached !== undefined) return attached.subscribe(options, member)
        throw new OnewriteError('INVALID_CONFIG', {
          faults:
            'the postgres transport reads the log of a service; start the service that it was given to first',
        })
      },
    },
    attach: (log) => {
      attached = log
    },
    // The service has opened the database already; there is nothing else to reach.
    check: async () => {},
    close: async () => {
      attached = undefined
    },
  }
}
