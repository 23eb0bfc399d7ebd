import { didYouMean } from '../error/did-you-mean.ts'
import type { Backoff } from '../retry/backoff.ts'
import { type Duration, readDuration } from '../retry/duration.ts'
import type { AnyHandler } from './handler.ts'
import type { FirstFilter } from './inbox/first-filter.ts'
import { isTopicMessage } from './message/topic-message.ts'

export interface RetryOptions {
  /** How long an event is tried again after its first failure. Default `5m`. */
  readonly for?: Duration
  /** How many attempts it gets, the first included, instead of a time. */
  readonly attempts?: number
  /** Default `exponential('1s', { max: '60s' })`. */
  readonly backoff?: Backoff
}

export interface ConsumerOptions {
  /** How many keys are worked on at once. Default 16. */
  readonly concurrency?: number
  /**
   * `batch` (default): as many events as are there in one transaction, and one by one where that fails, so that a
   * handler may run more than once for an event. `each`: a transaction for each event.
   */
  readonly transaction?: 'batch' | 'each'
  /** Of what may pass by itself. What nobody can classify is tried five times, unless `attempts` says otherwise. */
  readonly retry?: RetryOptions
  /**
   * What becomes of an event that cannot be handled: `quarantine` (default) parks it, and what follows of its key waits
   * behind it; `skip` parks it alone, for consumers that do not care about order; `stop` stops this consumer before it.
   */
  readonly onFailure?: 'quarantine' | 'skip' | 'stop'
  /** What becomes of an event of a type without a handler. Default `skip`: counted and passed over. */
  readonly onUnknown?: 'skip' | 'park'
  /** How long one attempt of a handler may take. Default `30s`. */
  readonly timeout?: Duration
  /** Where a new consumer begins. Default `start`. */
  readonly from?: 'start' | 'now'
  readonly inbox?: {
    /** How long it is remembered that an event was handled. Default `7d`. */
    readonly window?: Duration
    /**
     * Start although a topic keeps records for longer than the window: read again from their beginning, events outside
     * of the window take effect again. Default false.
     */
    readonly acceptRepeats?: boolean
  }
  /** Keeps a queryable record of what became of each event. Default false. */
  readonly notifications?: boolean
  /** Asked before the inbox: a Redis, say. */
  readonly firstFilter?: FirstFilter
  /** What may be quarantined before health says so. */
  readonly quarantine?: {
    /** Events parked or waiting. Default 1,000. */
    readonly events?: number
    /** Of the oldest quarantine. Default `1h`. */
    readonly age?: Duration
  }
}

type Rules = { readonly [Name in keyof ConsumerOptions]-?: (value: unknown) => readonly string[] }

const text = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value))

const whole = (name: string, least: number, most: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most
    ? []
    : [`${name} ${text(value)} is not a whole number from ${least} to ${most}`]

const oneOf = (name: string, allowed: readonly string[]) => (value: unknown) =>
  allowed.some((one) => one === value) ? [] : [`${name} ${text(value)} is none of ${allowed.join(', ')}`]

/** At least so many milliseconds. */
const duration = (name: string, least: number) => (value: unknown) => {
  const length = readDuration(value)
  return Number.isFinite(length) && length >= least
    ? []
    : [`${name} ${text(value)} is not a duration such as "30s" from ${least} ms`]
}

const part = (
  name: string,
  value: unknown,
  rules: Readonly<Record<string, (value: unknown) => readonly string[]>>,
): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [`${name} is not an object`]
  const unknown = Object.keys(value).filter((option) => !Object.hasOwn(rules, option))
  return [
    ...unknown.map((option) => `unknown option ${name}.${option}${didYouMean(option, Object.keys(rules))}`),
    ...Object.entries(rules).flatMap(([option, rule]) => {
      const given: unknown = Reflect.get(value, option)
      return given === undefined ? [] : rule(given)
    }),
  ]
}

const isFunction = (name: string) => (value: unknown) =>
  typeof value === 'function' ? [] : [`${name} is not a function of the attempt`]

const retryFaults = (value: unknown): readonly string[] => [
  ...part('retry', value, {
    for: duration('retry.for', 0),
    attempts: whole('retry.attempts', 1, 1_000_000),
    backoff: isFunction('retry.backoff'),
  }),
  ...(typeof value === 'object' && value !== null && 'for' in value && 'attempts' in value
    ? ['retry takes either for or attempts, not both']
    : []),
]

const rules: Rules = {
  concurrency: whole('concurrency', 1, 1_000),
  transaction: oneOf('transaction', ['batch', 'each']),
  retry: retryFaults,
  onFailure: oneOf('onFailure', ['quarantine', 'skip', 'stop']),
  onUnknown: oneOf('onUnknown', ['skip', 'park']),
  timeout: duration('timeout', 1),
  from: oneOf('from', ['start', 'now']),
  inbox: (value) =>
    part('inbox', value, {
      window: duration('inbox.window', 60_000),
      acceptRepeats: (given) =>
        typeof given === 'boolean' ? [] : ['inbox.acceptRepeats is neither true nor false'],
    }),
  notifications: (value) => (typeof value === 'boolean' ? [] : ['notifications is neither true nor false']),
  firstFilter: (value) =>
    typeof value === 'object' && value !== null && 'seen' in value && 'remember' in value
      ? []
      : ['firstFilter has not the functions seen and remember'],
  quarantine: (value) =>
    part('quarantine', value, {
      events: whole('quarantine.events', 0, 1_000_000_000),
      age: duration('quarantine.age', 0),
    }),
}

const namePattern = /^[a-z][a-z0-9]*([._-][a-z0-9]+)*$/

const nameFaults = (name: unknown): readonly string[] =>
  typeof name === 'string' && namePattern.test(name) && name.length <= 100
    ? []
    : [`name ${text(name)} is not a lower-case name such as "inventory" (letters, digits, . _ -)`]

const handlerFaults = (handlers: readonly AnyHandler[]): readonly string[] => {
  if (handlers.length === 0) return ['it has no handler']
  const types = handlers.map(({ definition }) =>
    isTopicMessage(definition) ? `${definition.type} in topic ${definition.topic}` : definition.type,
  )
  const repeated = [...new Set(types.filter((type, place) => types.indexOf(type) !== place))]
  return repeated.map((type) => `two handlers of ${type}`)
}

/** Everything that is wrong with a consumer as it was declared. */
export const optionFaults = (
  name: string,
  handlers: readonly AnyHandler[],
  options: ConsumerOptions,
): readonly string[] => [...nameFaults(name), ...handlerFaults(handlers), ...part('consumer', options, rules)]
