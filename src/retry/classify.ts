import { isOnewriteError } from '../error/onewrite-error.ts'
import { kafkaVerdict } from './kafka-code.ts'
import { connectionMessageVerdict, networkVerdict } from './network-code.ts'
import { sqlStateVerdict } from './sqlstate.ts'
import type { Verdict } from './verdict.ts'

/** The properties that are looked at, own or inherited. */
const properties = [
  'name',
  'code',
  'message',
  'syscall',
  'retriable',
  'abortable',
  'fatal',
  'isRetriable',
  'isTxnRequiresAbort',
  'isFatal',
  'cause',
  'errors',
] as const

type Properties = ReadonlyMap<string, unknown>

const propertiesOf = (error: object): Properties =>
  new Map(properties.map((name) => [name, Reflect.get(error, name)]))

const byCode = (error: Properties): Verdict | undefined => {
  const code = error.get('code')
  if (typeof code !== 'string') return undefined
  // A unix socket that is not there yet.
  if (code === 'ENOENT' && error.get('syscall') === 'connect') return 'transient'
  // EPIPE and P2034 have the shape of a SQLSTATE, but are of no class that exists.
  return networkVerdict(code) ?? sqlStateVerdict(code)
}

const ownVerdict = (error: object): Verdict | undefined => {
  if (isOnewriteError(error)) return error.retryable ? 'transient' : 'permanent'
  const known = propertiesOf(error)
  if (known.get('name') === 'TimeoutError') return 'transient'
  return kafkaVerdict(known) ?? byCode(known) ?? connectionMessageVerdict(String(known.get('message')))
}

/** What lies underneath: the cause, then the parts of an AggregateError. */
const underneath = (error: object): readonly unknown[] => {
  const errors: unknown = Reflect.get(error, 'errors')
  return [Reflect.get(error, 'cause'), ...(Array.isArray(errors) ? errors.slice(0, 10) : [])]
}

/** Chains are short; one that goes on for ever ends here. */
const mostDepth = 10

const look = (error: unknown, depth: number): Verdict | undefined => {
  if (typeof error !== 'object' || error === null || depth > mostDepth) return undefined
  const own = ownVerdict(error)
  if (own !== undefined) return own
  for (const part of underneath(error)) {
    const found = look(part, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * Whether the same call can succeed later: by the table of errors, SQLSTATE, Kafka code or flag, and network
 * code. The outermost error that can be told decides; below it `cause` and `errors` are followed.
 */
export const classify = (error: unknown): Verdict => look(error, 0) ?? 'unknown'
