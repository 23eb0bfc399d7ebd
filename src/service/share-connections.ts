import type { Consumer } from '../consumer/consumer.ts'
import type { ServiceOptions } from './service-options.ts'

/** What the relay, the leases and the transactions of the service itself are left with: the default of `pg`. */
const forOthers = 10
/** Of all consumers together, for events that are run apart from the others. */
const apart = 24
const mostApart = 6
/** Each consumer's own: a batch, its progress, and what operators released. */
const always = 3

/** Of one consumer whose every event has a transaction of its own. */
const mostEach = 32

const isOurs = ({ database }: ServiceOptions): boolean =>
  database === undefined || typeof database === 'string' || 'kind' in database

/**
 * Connections that a consumer may use for events that it runs apart: as many as it may work on at once where each has a
 * transaction of its own. A pool that was made elsewhere is not ours to fill.
 */
export const connectionsOf = (options: ServiceOptions, { plan }: Consumer): number => {
  const { consumers = [] } = options
  const all = isOurs(options) ? apart : mostApart
  const share = Math.max(1, Math.min(mostApart, Math.floor(all / Math.max(1, consumers.length))))
  if (!isOurs(options) || plan.transaction === 'batch') return share
  return Math.max(share, Math.min(plan.concurrency, mostEach))
}

/** Connections of a pool that is opened for a service. */
export const poolSize = (options: ServiceOptions): number =>
  (options.consumers ?? []).reduce((sum, one) => sum + always + connectionsOf(options, one), forOthers)
