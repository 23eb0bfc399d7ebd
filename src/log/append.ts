import { OnewriteError } from '../error/onewrite-error.ts'
import type { NewEvent } from '../message/new-event.ts'
import { metadataText, payloadText } from '../message/payload-text.ts'
import { insideTransaction, type Transaction } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { currentTraceparent } from '../telemetry/current-traceparent.ts'
import { measureAppend } from '../telemetry/measure-append.ts'
import { explainAppendError } from './append-error.ts'
import { type ExpectedVersion, type StreamExpectation, streamsOf } from './expected-version.ts'

export interface AppendOptions {
  /** What the stream must be like; one for each stream where the events belong to several. Default `any`. */
  readonly expected?: ExpectedVersion | readonly StreamExpectation[]
}

/** Where the events were written, once the transaction commits. */
export interface Appended {
  /** Position of the last event. */
  readonly position: bigint
  /** Sequence given to each event, in the order they were passed. */
  readonly sequences: readonly number[]
  readonly transactionId: string
}

// Text in, text out: so every client sends and decodes it alike, whatever it makes of bigint, arrays and jsonb.
// The row as one text, such as (42,731,{3}) or (42,731,"{3,1}"): taking it apart in SQL cost PostgreSQL a sixth of an
// append, most of it for planning.
const appendSql = (schema: string): string =>
  `select ${quoteIdentifier('schema', schema)}.append($1::text::jsonb, $2::text::jsonb)::text as appended`

const rowText = /^\((\d+),(\d+),"?\{([\d,]+)\}"?\)$/

const metadataOf = ({ metadata, type }: NewEvent, traceparent: string | undefined): string => {
  const known = traceparent === undefined || metadata.traceparent !== undefined
  return metadataText(known ? metadata : { ...metadata, traceparent }, type)
}

const eventText = (event: NewEvent, stream: number, place: number, traceparent: string | undefined): string =>
  `{"id":${JSON.stringify(event.id)},"stream":${stream},"place":${place},"type":${JSON.stringify(event.type)},` +
  `"version":${event.version},"payload":${payloadText(event)},` +
  `"metadata":${metadataOf(event, traceparent)},"occurred_at":"${event.occurredAt.toISOString()}"}`

const describe = (value: unknown): string =>
  typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : typeof value

const checkHandle = (tx: Transaction): void => {
  // A caller without types may pass a pool or a client: its INSERT would commit on its own.
  if (tx?.[insideTransaction] !== true) throw new OnewriteError('WRONG_HANDLE', { given: describe(tx) })
}

/** By what the fate of a transaction can be told afterwards. */
export interface AppendTrace {
  readonly transactionId: string
  /** The last event of each append. */
  readonly events: readonly { readonly position: string; readonly id: string }[]
}

const traces = new WeakMap<Transaction, AppendTrace>()

/** What was appended through a handle; undefined when nothing was. */
export const traceOf = (tx: Transaction): AppendTrace | undefined => traces.get(tx)

const keepTrace = (tx: Transaction, { position, transactionId }: Appended, id: string): void => {
  const known = traces.get(tx)
  const before = known?.transactionId === transactionId ? known.events : []
  traces.set(tx, { transactionId, events: [...before, { position: String(position), id }] })
}

/**
 * Records events in the transaction of `tx`: they commit with it or not at all. Events of one call are one unit: they
 * are published together, in order, never a part of them. One round trip.
 *
 * @throws VERSION_CONFLICT, DUPLICATE_EVENT, EMPTY_APPEND, UNSTORABLE_TEXT, UNSERIALIZABLE_DATA, EVENT_TOO_LARGE,
 * WRONG_HANDLE, INVALID_CONFIG; after any of the first two the transaction can only be rolled back
 */
export const append = async (
  tx: Transaction,
  events: readonly NewEvent[],
  { expected = 'any' }: AppendOptions = {},
): Promise<Appended> => {
  checkHandle(tx)
  if (events.length === 0) throw new OnewriteError('EMPTY_APPEND', {})
  const { streams, places } = streamsOf(events, expected)
  const traceparent = currentTraceparent()
  const texts = events.map((event, index) => {
    const [stream = 0, place = 0] = places[index] ?? []
    return eventText(event, stream, place, traceparent)
  })
  return measureAppend({ schema: tx.schema, events: events.length }, async () => {
    try {
      const values = [JSON.stringify(streams), `[${texts.join(',')}]`]
      const { rows } = await tx.query<{ appended: string }>(appendSql(tx.schema), values)
      const result = appended(rows[0]?.appended, streams, places)
      keepTrace(tx, result, events.at(-1)?.id ?? '')
      return result
    } catch (error) {
      throw explainAppendError(error, events)
    }
  })
}

const appended = (
  text: string | undefined,
  streams: readonly { readonly added: number }[],
  places: readonly (readonly [number, number])[],
): Appended => {
  const [, position, transactionId, versions] = rowText.exec(text ?? '') ?? []
  if (position === undefined || transactionId === undefined || versions === undefined) {
    throw new Error(`append answered ${JSON.stringify(text)}`)
  }
  const found = versions.split(',')
  const bases = streams.map(({ added }, index) => Number(found[index]) - added)
  return {
    position: BigInt(position),
    sequences: places.map(([stream, place]) => (bases[stream - 1] ?? 0) + place),
    transactionId,
  }
}
