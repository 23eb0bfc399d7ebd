import type { FirstFilter } from '../consumer/inbox/first-filter.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import { type Duration, readDuration } from '../retry/duration.ts'
import { circuit } from './circuit.ts'
import { type RedisClient, sender } from './client.ts'

export interface RedisFilterOptions {
  /** Before every key. Default `onewrite`. */
  readonly prefix?: string
  /** For how long an event is remembered at least; twice that at most. Default `1h`. */
  readonly remember?: Duration
  /** How long Redis may take for an answer; then PostgreSQL is asked alone. Default `50ms`. */
  readonly timeout?: Duration
  /** Told once when Redis is left alone for a while, with the reason, and once when it answers again. */
  readonly changed?: (reason: string | undefined) => void
}

const least = { remember: 1_000, timeout: 1 } as const

const durationFault = (name: keyof typeof least, value: unknown): readonly string[] => {
  const length = readDuration(value)
  return Number.isFinite(length) && length >= least[name]
    ? []
    : [`${name} ${JSON.stringify(value)} is not a duration from ${least[name]} ms`]
}

const isClient = (client: unknown): boolean =>
  typeof client === 'object' &&
  client !== null &&
  ['call', 'sendCommand'].some((name) => typeof Reflect.get(client, name) === 'function')

const checked = (client: RedisClient, options: RedisFilterOptions) => {
  const { prefix = 'onewrite', remember = '1h', timeout = '50ms' } = options
  const faults = [
    ...(isClient(client) ? [] : ['the client is neither one of redis nor one of ioredis']),
    ...(typeof prefix === 'string' && prefix !== '' ? [] : ['prefix is not a text']),
    ...durationFault('remember', remember),
    ...durationFault('timeout', timeout),
  ]
  if (faults.length > 0) {
    throw new OnewriteError('INVALID_CONFIG', { faults: `redisFilter: ${faults.join('; ')}` })
  }
  return { prefix, remember: readDuration(remember), timeout: readDuration(timeout) }
}

const marks = (answer: unknown): readonly unknown[] => (Array.isArray(answer) ? answer : [])

/**
 * A first filter in Redis: what it remembers needs no look into the inbox. It only saves work. Away, slow, flushed or
 * evicting, it makes nothing wrong: every event that it does not know goes through the inbox, as without it.
 *
 * Ids are kept in sets, one for each consumer and stretch of time, so that a batch costs two commands and they expire
 * as whole sets. Needs Redis 6.2 or later, for SMISMEMBER.
 *
 * @throws INVALID_CONFIG
 */
export const redisFilter = (client: RedisClient, options: RedisFilterOptions = {}): FirstFilter => {
  const { prefix, remember, timeout } = checked(client, options)
  const send = sender(client)
  const { changed } = options
  const { ask } = circuit({ timeout, ...(changed === undefined ? {} : { changed }) })
  /** The clocks of instances may differ: a set that is looked for too early or too late is only missed. */
  const keyOf = (consumer: string, back: number): string =>
    `${prefix}:{${consumer}}:${Math.floor(Date.now() / remember) - back}`

  return {
    seen: async (consumer, ids) => {
      if (ids.length === 0) return new Set()
      const keys = [keyOf(consumer, 0), keyOf(consumer, 1)]
      const found = await ask(() => Promise.all(keys.map((key) => send(['SMISMEMBER', key, ...ids]))))
      const known = (found ?? []).map(marks)
      return new Set(ids.filter((_, index) => known.some((answer) => Number(answer[index]) === 1)))
    },
    remember: async (consumer, ids) => {
      if (ids.length === 0) return
      const key = keyOf(consumer, 0)
      await ask(() =>
        Promise.all([send(['SADD', key, ...ids]), send(['PEXPIRE', key, String(Math.ceil(2 * remember))])]),
      )
    },
  }
}
