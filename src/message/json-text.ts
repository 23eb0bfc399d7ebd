import { OnewriteError } from '../error/onewrite-error.ts'
import { faultList } from './fault-path.ts'
import { measureJson } from './measure-json.ts'
import { unserializableFaults } from './unserializable-faults.ts'
import { unstorableFaults } from './unstorable-faults.ts'

/** Below Kafka's default message.max.bytes of 1,048,588, with room for key and headers. */
export const defaultMaxEventBytes = 1_000_000

export interface JsonTextOptions {
  /** Named in errors: the type of the event. */
  readonly type: string
  /** Default 1,000,000. */
  readonly maxBytes?: number
}

const stringify = (value: unknown, type: string): string => {
  try {
    const text = JSON.stringify(value)
    if (text !== undefined) return text
  } catch (cause) {
    throw new OnewriteError('UNSERIALIZABLE_DATA', { type, faults: String(cause) }, { cause })
  }
  throw new OnewriteError('UNSERIALIZABLE_DATA', { type, faults: 'undefined cannot be carried' })
}

/**
 * JSON text that PostgreSQL stores as jsonb and gives back as an equal value. Behaves as JSON.stringify where
 * that loses nothing (toJSON, absent optional properties) and refuses the rest.
 *
 * @throws UNSERIALIZABLE_DATA for bigint, NaN, Infinity, functions, symbols, Map, Set, cycles, undefined in
 * arrays
 * @throws UNSTORABLE_TEXT for U+0000 and lone surrogates, in keys too
 * @throws EVENT_TOO_LARGE by the bytes that PostgreSQL prints, which are the bytes that go to Kafka
 */
export const jsonText = (
  value: unknown,
  { type, maxBytes: limit = defaultMaxEventBytes }: JsonTextOptions,
): string => {
  const measured = measureJson(value, limit)
  if (measured.verdict === 'too large') {
    throw new OnewriteError('EVENT_TOO_LARGE', { type, bytes: `more than ${limit}`, limit })
  }
  if (measured.verdict === 'unserializable') {
    const faults = faultList(unserializableFaults(value))
    throw new OnewriteError('UNSERIALIZABLE_DATA', { type, faults })
  }
  const text = stringify(value, type)
  // UTF-8 takes at most three bytes for one UTF-16 unit: counting is needed near the limit only.
  if (text.length * 3 + measured.growth > limit) {
    const bytes = Buffer.byteLength(text) + measured.growth
    if (bytes > limit) throw new OnewriteError('EVENT_TOO_LARGE', { type, bytes, limit })
  }
  // JSON.stringify writes \u for control characters and lone surrogates alone, so ordinary text ends here. An
  // escaped backslash before a u also leads on; the search then finds nothing.
  if (text.includes('\\u')) {
    const faults = unstorableFaults(JSON.parse(text))
    if (faults.length > 0) throw new OnewriteError('UNSTORABLE_TEXT', { type, faults: faultList(faults) })
  }
  return text
}
