import type { Consumer } from '../consumer/consumer.ts'
import { didYouMean } from '../error/did-you-mean.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { Logger } from '../lifecycle/logger.ts'
import type { PaceOptions } from '../lifecycle/pace.ts'
import type { Definition } from '../message/definition.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { TopicStrategy } from '../message/topic.ts'
import type { Database } from '../postgres/database.ts'
import type { Embedded } from '../postgres/embedded.ts'
import type { Delivery } from '../relay/open-sink.ts'
import type { BudgetPolicy } from '../relay/wal/budget.ts'
import type { Topic } from '../transport/publisher.ts'
import type { Transport } from '../transport/transport.ts'
import { consumersFault } from './consumers-option.ts'
import { type Outboxes, outboxesFault } from './outboxes-option.ts'
import { type Retention, retentionFault } from './retention-option.ts'

export interface ServiceOptions {
  /** Names the relay, its lease and checkpoint, and the CloudEvents source (`/name`). */
  readonly name: string
  /** A URL, a running or embedded server, or a database opened elsewhere. Default: `embedded()` outside production. */
  readonly database?: string | Embedded | Database
  /** Default `postgres()`: no broker. */
  readonly transport?: Transport
  /** Events this service records: their topics are created at start and their types can be decoded. */
  readonly events?: Iterable<Definition>
  /** Made by `consumer()`. Each reads the topics of the events it handles; instances of the service share the work. */
  readonly consumers?: readonly Consumer[]
  /** How topics are named. Default `{aggregate}.events`. */
  readonly topic?: TopicStrategy
  /**
   * Topics to create beside those of `events` and those that dead letters of `consumers` are copied to; false creates
   * none. Existing topics are left alone.
   */
  readonly createTopics?: readonly (string | Topic)[] | false
  /** Default `exactly-once`. */
  readonly delivery?: Delivery
  /**
   * What the relay reads: the log as a table (default); the write-ahead log (`wal`), in the order of commits, which needs
   * `wal_level = logical`, a role with REPLICATION and a direct connection; or `auto`, the second where it can be had.
   */
  readonly source?: SourceName
  /** Bytes of write-ahead log that its slot may hold back. Default 4 GiB. */
  readonly walBudget?: number
  /** What becomes of a slot that holds back more: `keep` (default), or `drop`, and the relay goes on from the table. */
  readonly beyondBudget?: BudgetPolicy
  /**
   * Outbox tables that other programs write, each published by a relay of its own, `<service>.<name>`, as Debezium's
   * EventRouter would. Needs what the source `wal` needs.
   */
  readonly outboxes?: Outboxes
  /**
   * How many relays a new service divides its log among, by the hash of the key. Default 1. Later `divideRelay` changes
   * the number for all instances at once; one that says otherwise follows the database.
   */
  readonly shards?: number
  /**
   * Called with records after they left for good, in order; again after a crash at the wrong moment. Where it is given,
   * they are kept until then: about 1 KiB for each record of the largest transaction.
   */
  readonly published?: (records: readonly OutgoingRecord[]) => void
  /** Install and upgrade onewrite's schema at start. Default true; otherwise its version is checked. */
  readonly migrate?: boolean
  /**
   * Called at start, before anything runs: the place for migrations of the service's own tables, which handlers of its
   * consumers need.
   */
  readonly prepare?: (database: Database) => Promise<unknown>
  /** Schema of the log, where `database` is a URL or embedded. Default `onewrite`. */
  readonly schema?: string
  /** Milliseconds after which a silent leader is replaced. Default 5,000. */
  readonly leaseTtl?: number
  readonly polling?: PaceOptions
  /**
   * How long events stay in the log. Default `forever`. `{ after: '30d' }` drops partitions whose every event is older
   * and was passed by every relay and group; once an hour, by a role that owns the log.
   */
  readonly retention?: Retention
  readonly logger?: Logger
}

/** What a relay can read. */
export const sourceNames = ['table', 'wal', 'auto'] as const
export type SourceName = (typeof sourceNames)[number]

const namePattern = /^[a-z][a-z0-9]*([._-][a-z0-9]+)*$/

const knownOptions = [
  'name',
  'database',
  'transport',
  'events',
  'consumers',
  'topic',
  'createTopics',
  'delivery',
  'shards',
  'source',
  'outboxes',
  'walBudget',
  'beyondBudget',
  'published',
  'migrate',
  'prepare',
  'schema',
  'leaseTtl',
  'polling',
  'retention',
  'logger',
] as const satisfies readonly (keyof ServiceOptions)[]

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const isIterable = (value: unknown): boolean => isObject(value) && Symbol.iterator in value

const isOneOf = <T>(value: unknown, allowed: readonly T[]): boolean => allowed.some((one) => one === value)

const unknownFaults = (options: ServiceOptions): string[] =>
  Object.keys(options)
    .filter((option) => !isOneOf(option, knownOptions))
    .map((option) => `unknown option ${option}${didYouMean(option, knownOptions)}`)

/** What is wrong with an option that was given. */
const rules: { readonly [Name in keyof ServiceOptions]?: (value: unknown) => string | undefined } = {
  database: (value) =>
    typeof value === 'string' || isObject(value) ? undefined : 'is neither a URL nor a database',
  transport: (value) => (isObject(value) && 'close' in value ? undefined : 'is not a transport'),
  events: (value) => (isIterable(value) ? undefined : 'is not a list of events'),
  consumers: consumersFault,
  topic: (value) => (typeof value === 'function' ? undefined : 'is not a naming strategy'),
  published: (value) => (typeof value === 'function' ? undefined : 'is not a function'),
  prepare: (value) => (typeof value === 'function' ? undefined : 'is not a function'),
  migrate: (value) => (typeof value === 'boolean' ? undefined : 'is neither true nor false'),
  delivery: (value) =>
    isOneOf(value, ['exactly-once', 'at-least-once'])
      ? undefined
      : `${JSON.stringify(value)} is neither "exactly-once" nor "at-least-once"`,
  source: (value) =>
    isOneOf(value, sourceNames) ? undefined : `${JSON.stringify(value)} is none of ${sourceNames.join(', ')}`,
  walBudget: (value) =>
    Number.isSafeInteger(value) && Number(value) > 0
      ? undefined
      : `${String(value)} is not a whole number of bytes above 0`,
  beyondBudget: (value) =>
    isOneOf(value, ['keep', 'drop']) ? undefined : `${JSON.stringify(value)} is neither "keep" nor "drop"`,
  shards: (value) =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 64
      ? undefined
      : `${String(value)} is not a whole number from 1 to 64`,
  leaseTtl: (value) =>
    Number.isInteger(value) && Number(value) >= 500
      ? undefined
      : `${String(value)} is not a whole number of milliseconds from 500`,
  retention: retentionFault,
  outboxes: outboxesFault,
  createTopics: (value) =>
    value === false || Array.isArray(value) ? undefined : 'is neither a list of topics nor false',
}

const nameFaults = ({ name }: ServiceOptions): string[] =>
  typeof name === 'string' && namePattern.test(name) && name.length <= 100
    ? []
    : [`name ${JSON.stringify(name)} is not a lower-case name such as "orders" (letters, digits, . _ -)`]

const pollingFaults = ({ polling = {} }: ServiceOptions): string[] =>
  Object.entries(polling)
    .filter(([, value]) => value !== undefined && !(Number.isFinite(value) && value > 0))
    .map(([name, value]) => `polling.${name} ${value} is not a number of milliseconds above 0`)

const faultsOf = (options: ServiceOptions): string[] => [
  ...unknownFaults(options),
  ...nameFaults(options),
  ...Object.entries(rules).flatMap(([option, fault]) => {
    const value: unknown = Reflect.get(options, option)
    const found = value === undefined ? undefined : fault(value)
    return found === undefined ? [] : [`${option} ${found}`]
  }),
  ...pollingFaults(options),
]

/** @throws INVALID_CONFIG naming every fault */
export const checkServiceOptions = (options: ServiceOptions): void => {
  const faults = faultsOf(options)
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
}
