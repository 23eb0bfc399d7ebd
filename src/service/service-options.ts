import { OnewriteError } from '../error/onewrite-error.ts'
import type { Logger } from '../lifecycle/logger.ts'
import type { PaceOptions } from '../lifecycle/pace.ts'
import type { Definition } from '../message/definition.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { TopicStrategy } from '../message/topic.ts'
import type { Database } from '../postgres/database.ts'
import type { Embedded } from '../postgres/embedded.ts'
import type { Delivery } from '../relay/relay.ts'
import type { Topic } from '../transport/publisher.ts'
import type { Transport } from '../transport/transport.ts'

export interface ServiceOptions {
  /** Names the relay, its lease and checkpoint, and the CloudEvents source (`/name`). */
  readonly name: string
  /** A URL, a running or embedded server, or a database opened elsewhere. Default: `embedded()` outside production. */
  readonly database?: string | Embedded | Database
  /** Default `postgres()`: no broker. */
  readonly transport?: Transport
  /** Events this service records: their topics are created at start and their types can be decoded. */
  readonly events?: Iterable<Definition>
  /** How topics are named. Default `{aggregate}.events`. */
  readonly topic?: TopicStrategy
  /** Topics to create beside those of `events`; false creates none. Existing topics are left alone. */
  readonly createTopics?: readonly (string | Topic)[] | false
  /** Default `exactly-once`. */
  readonly delivery?: Delivery
  /** Called with records after they left for good, in order; again after a crash at the wrong moment. */
  readonly published?: (records: readonly OutgoingRecord[]) => void
  /** Install and upgrade onewrite's schema at start. Default true; otherwise its version is checked. */
  readonly migrate?: boolean
  /** Schema of the log, where `database` is a URL or embedded. Default `onewrite`. */
  readonly schema?: string
  /** Milliseconds after which a silent leader is replaced. Default 5,000. */
  readonly leaseTtl?: number
  readonly polling?: PaceOptions
  readonly logger?: Logger
}

const namePattern = /^[a-z][a-z0-9]*([._-][a-z0-9]+)*$/

const isOneOf = <T>(value: unknown, allowed: readonly T[]): boolean => allowed.some((one) => one === value)

const faultsOf = (options: ServiceOptions): string[] => {
  const { name, delivery, leaseTtl, createTopics } = options
  const faults: string[] = []
  if (typeof name !== 'string' || !namePattern.test(name) || name.length > 100) {
    faults.push(
      `name ${JSON.stringify(name)} is not a lower-case name such as "orders" (letters, digits, . _ -)`,
    )
  }
  if (delivery !== undefined && !isOneOf(delivery, ['exactly-once', 'at-least-once'])) {
    faults.push(`delivery ${JSON.stringify(delivery)} is neither "exactly-once" nor "at-least-once"`)
  }
  if (leaseTtl !== undefined && !(Number.isInteger(leaseTtl) && leaseTtl >= 500)) {
    faults.push(`leaseTtl ${leaseTtl} is not a whole number of milliseconds from 500`)
  }
  if (createTopics !== undefined && createTopics !== false && !Array.isArray(createTopics)) {
    faults.push('createTopics is neither a list of topics nor false')
  }
  return faults
}

/** @throws INVALID_CONFIG naming every fault */
export const checkServiceOptions = (options: ServiceOptions): void => {
  const faults = faultsOf(options)
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
}
