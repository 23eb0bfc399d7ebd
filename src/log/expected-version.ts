import { OnewriteError } from '../error/onewrite-error.ts'
import type { NewEvent } from '../message/new-event.ts'

/**
 * What a stream must be like for an append to succeed: at version n, not there at all, there at any version, or
 * anything. Checked by PostgreSQL under the lock of the stream.
 */
export type ExpectedVersion = number | 'any' | 'no-stream' | 'stream-exists'

/** The expectation for one stream of an append that writes to several. */
export interface StreamExpectation {
  readonly aggregate: string
  readonly aggregateId: string
  readonly version: ExpectedVersion
}

/** As the function `append` in the database takes it. */
export interface StreamArgument {
  readonly type: string
  readonly id: string
  readonly added: number
  readonly expected: number | null
}

const codes = { any: null, 'no-stream': 0, 'stream-exists': -1 } as const

const toCode = (version: ExpectedVersion): number | null => {
  if (typeof version !== 'number') {
    if (Object.hasOwn(codes, version)) return codes[version]
  } else if (Number.isSafeInteger(version) && version >= 0) {
    return version
  }
  const given = JSON.stringify(version) ?? String(version)
  throw new OnewriteError('INVALID_CONFIG', {
    faults: `expected is ${given}; it can be a version from 0, 'any', 'no-stream' or 'stream-exists'`,
  })
}

const keyOf = (aggregate: string, id: string): string => `${aggregate}\u0000${id}`

/** The order in which every append locks its streams. */
const byTypeAndId = (a: StreamArgument, b: StreamArgument): number =>
  Buffer.compare(Buffer.from(keyOf(a.type, a.id)), Buffer.from(keyOf(b.type, b.id)))

const fault = (what: string, found: readonly StreamExpectation[]): string[] =>
  found.length === 0 ? [] : [`${what}: ${found.map((e) => `${e.aggregate}/${e.aggregateId}`).join(', ')}`]

const isRepeated = (one: StreamExpectation, index: number, all: readonly StreamExpectation[]): boolean =>
  all.findIndex((e) => e.aggregate === one.aggregate && e.aggregateId === one.aggregateId) < index

const expectations = (
  expected: ExpectedVersion | readonly StreamExpectation[],
  keys: ReadonlySet<string>,
): ReadonlyMap<string, number | null> => {
  if (typeof expected !== 'object') {
    const code = toCode(expected)
    if (code !== null && keys.size > 1) {
      const faults = `one expected version was given for events of ${keys.size} streams; give one for each`
      throw new OnewriteError('INVALID_CONFIG', { faults })
    }
    return new Map([...keys].map((key) => [key, code]))
  }
  const codesByKey = new Map(expected.map((e) => [keyOf(e.aggregate, e.aggregateId), toCode(e.version)]))
  const faults = [
    ...fault(
      'expected names streams without an event',
      expected.filter((e) => !keys.has(keyOf(e.aggregate, e.aggregateId))),
    ),
    ...fault(
      'expected names streams twice',
      codesByKey.size < expected.length ? expected.filter(isRepeated) : [],
    ),
  ]
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
  return codesByKey
}

/** The streams of an append, each once, in locking order, and for each event its stream and place (both from 1). */
export const streamsOf = (
  events: readonly NewEvent[],
  expected: ExpectedVersion | readonly StreamExpectation[],
): {
  readonly streams: readonly StreamArgument[]
  readonly places: readonly (readonly [number, number])[]
} => {
  const added = new Map<string, number>()
  const keys = events.map((event) => keyOf(event.aggregate, event.aggregateId))
  const placeInStream = keys.map((key) => {
    const place = (added.get(key) ?? 0) + 1
    added.set(key, place)
    return place
  })
  const wanted = expectations(expected, new Set(keys))
  const first = new Map(events.map((event, index) => [keys[index] ?? '', event]))
  const streams = [...first.entries()]
    .map(([key, event]) => ({
      type: event.aggregate,
      id: event.aggregateId,
      added: added.get(key) ?? 0,
      expected: wanted.get(key) ?? null,
    }))
    .sort(byTypeAndId)
  const numbers = new Map(streams.map((stream, index) => [keyOf(stream.type, stream.id), index + 1]))
  const places = keys.map((key, index) => [numbers.get(key) ?? 0, placeInStream[index] ?? 0] as const)
  return { streams, places }
}
