import { didYouMean } from '../error/did-you-mean.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { Catalogue } from './catalogue.ts'
import type { Metadata } from './metadata.ts'
import type { RawEvent } from './raw-event.ts'
import type { RecordedEvent } from './recorded-event.ts'
import { upcast } from './upcast.ts'

const mostNames = 20

const knownTypes = (catalogue: Catalogue, type: string): string => {
  const types = [...catalogue.keys()]
  const more = types.length > mostNames ? `, and ${types.length - mostNames} more` : ''
  return `${types.slice(0, mostNames).join(', ')}${more}${didYouMean(type, types)}`
}

const parse = (text: string, what: string, { id, type }: RawEvent): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new OnewriteError('UNREADABLE_EVENT', { id, type, cause: `${what} is not JSON` }, { cause })
  }
}

const isMetadata = (value: unknown): value is Metadata =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const parseMetadata = (raw: RawEvent): Metadata => {
  const metadata = parse(raw.metadata, 'metadata', raw)
  if (isMetadata(metadata)) return metadata
  const { id, type } = raw
  throw new OnewriteError('UNREADABLE_EVENT', { id, type, cause: 'metadata is not a JSON object' })
}

/**
 * Reads a recorded event with the definition of its type and upcasts its data to the latest version. The
 * schema is not run again: a stored event is a fact.
 *
 * @throws UNKNOWN_EVENT_TYPE, UNKNOWN_EVENT_VERSION, MISSING_UPCASTER, UNREADABLE_EVENT
 */
export const decode = (catalogue: Catalogue, raw: RawEvent): RecordedEvent => {
  const { type } = raw
  const definition = catalogue.get(type)
  if (definition === undefined) {
    throw new OnewriteError('UNKNOWN_EVENT_TYPE', { type, known: knownTypes(catalogue, type) })
  }
  return {
    position: BigInt(raw.position),
    id: raw.id,
    type,
    version: definition.version,
    aggregate: raw.aggregate,
    aggregateId: raw.aggregateId,
    sequence: Number(raw.sequence),
    data: upcast(definition, raw, parse(raw.payload, 'payload', raw)),
    metadata: parseMetadata(raw),
    occurredAt: new Date(raw.occurredAt),
    transactionId: raw.transactionId,
    ordinal: raw.ordinal,
    count: raw.count,
  }
}
