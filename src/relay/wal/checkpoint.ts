import { OnewriteError } from '../../error/onewrite-error.ts'
import { formatLsn, parseLsn } from '../../postgres/lsn.ts'
import type { Checkpoint } from '../source.ts'
import type { Range } from './published-positions.ts'

/** A refill of the log from the table, after the place in the write-ahead log was lost. */
export interface Refill {
  /** Its row in `refills`. */
  readonly id: string
  readonly from: bigint
  /** Events up to here may have left before. */
  readonly to: bigint
  /** Events it has published so far. */
  readonly events: number
}

/** What stands in a checkpoint beside its position, whichever source wrote it. */
export interface Leftover {
  /** Positions beyond the checkpoint's that have left; undefined where that is not known exactly. */
  readonly published: readonly Range[] | undefined
  /** No position beyond this one has left. */
  readonly highest: bigint
  readonly refill: Refill | undefined
}

/** Where a relay stands in the write-ahead log. */
export interface WalPlace {
  /** Every transaction that ends at or before this has left. */
  readonly lsn: bigint
  readonly system: string
  readonly timeline: number
  readonly slot: string
  /** Mark of the publication, where the reader compares it. */
  readonly publication?: string
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const parse = (text: string): object | undefined => {
  try {
    const found: unknown = JSON.parse(text)
    return isObject(found) ? found : undefined
  } catch {
    return undefined
  }
}

const field = (from: object, name: string): unknown => Reflect.get(from, name)

const textOf = (from: object, name: string): string | undefined => {
  const value = field(from, name)
  return typeof value === 'string' ? value : undefined
}

const isDigits = (value: unknown): value is string => typeof value === 'string' && /^\d+$/.test(value)

const positionOf = (from: object, name: string): bigint | undefined => {
  const value = field(from, name)
  return isDigits(value) ? BigInt(value) : undefined
}

const toRange = (value: unknown): readonly Range[] =>
  Array.isArray(value) && isDigits(value[0]) && isDigits(value[1])
    ? [[BigInt(value[0]), BigInt(value[1])]]
    : []

const refillOf = (from: object): Refill | undefined => {
  const found = field(from, 'refill')
  if (!isObject(found)) return undefined
  const [id, events] = [textOf(found, 'id'), field(found, 'events')]
  const [start, to] = [positionOf(found, 'from'), positionOf(found, 'to')]
  if (id === undefined || start === undefined || to === undefined) return undefined
  return { id, from: start, to, events: typeof events === 'number' ? events : 0 }
}

/** What a checkpoint says beyond its position. */
export const leftoverOf = (text: string | undefined): Leftover => {
  const found = text === undefined ? undefined : parse(text)
  if (found === undefined) return { published: [], highest: 0n, refill: undefined }
  const highest = positionOf(found, 'highest') ?? 0n
  const published = field(found, 'published')
  const ranges = Array.isArray(published) ? published.flatMap(toRange) : undefined
  // Nothing is said of checkpoints beyond which nothing has left.
  return { published: highest === 0n ? [] : ranges, highest, refill: refillOf(found) }
}

const rangeTexts = (ranges: readonly Range[] | undefined) =>
  ranges?.map(([from, to]) => [String(from), String(to)])

const leftoverFields = ({ published, highest, refill }: Leftover): object => ({
  ...(highest > 0n ? { highest: String(highest), published: rangeTexts(published) } : {}),
  ...(refill === undefined
    ? {}
    : { refill: { ...refill, from: String(refill.from), to: String(refill.to) } }),
})

/** A checkpoint of the table source that says what else has left. */
export const leftoverCheckpoint = (position: bigint, leftover: Leftover): Checkpoint => ({
  text: JSON.stringify({ source: 'table', position: String(position), ...leftoverFields(leftover) }),
  position,
})

export const walCheckpoint = (
  { lsn, ...place }: WalPlace,
  position: bigint,
  leftover: Leftover,
): Checkpoint => ({
  text: JSON.stringify({
    source: 'wal',
    position: String(position),
    lsn: formatLsn(lsn),
    ...place,
    ...leftoverFields(leftover),
  }),
  position,
})

/**
 * The place a checkpoint stands for; undefined where another source wrote it, or there is none.
 *
 * @throws CHECKPOINT_UNREADABLE
 */
export const walPlaceOf = (name: string, text: string | undefined): WalPlace | undefined => {
  const found = text === undefined ? undefined : parse(text)
  if (found === undefined || field(found, 'source') !== 'wal') return undefined
  const [lsn, system, slot] = [textOf(found, 'lsn'), textOf(found, 'system'), textOf(found, 'slot')]
  const [timeline, publication] = [field(found, 'timeline'), textOf(found, 'publication')]
  if (lsn !== undefined && system !== undefined && slot !== undefined && typeof timeline === 'number') {
    const place = { lsn: parseLsn(lsn), system, timeline, slot }
    return publication === undefined ? place : { ...place, publication }
  }
  const cause = `${JSON.stringify(text?.slice(0, 200))} holds no place in the write-ahead log`
  throw new OnewriteError('CHECKPOINT_UNREADABLE', { name, cause })
}
