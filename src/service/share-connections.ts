import type { ServiceOptions } from './service-options.ts'

/** What the relay, the leases and the transactions of the service itself are left with: the default of `pg`. */
const forOthers = 10
/** Of all consumers together, for events that are run apart from the others. */
const apart = 24
const mostApart = 6
/** Each consumer's own: a batch, its progress, and what operators released. */
const always = 3

/** Connections that each consumer may use for events that it runs apart; a pool made elsewhere is not ours to fill. */
export const connectionsEach = ({ consumers = [], database }: ServiceOptions): number => {
  const ours = database === undefined || typeof database === 'string' || 'kind' in database
  const all = ours ? apart : mostApart
  return Math.max(1, Math.min(mostApart, Math.floor(all / Math.max(1, consumers.length))))
}

/** Connections of a pool that is opened for a service. */
export const poolSize = (options: ServiceOptions): number => {
  const { consumers = [] } = options
  return forOthers + consumers.length * (always + connectionsEach(options))
}
