import { OnewriteError } from '../../error/onewrite-error.ts'
import { attributeText } from '../../message/cloud-event.ts'
import type { ConsumedEvent } from '../../message/consumed-event.ts'
import { contextOf } from '../../message/context-headers.ts'
import type { Definition } from '../../message/definition.ts'
import { exactJson } from '../../message/exact-json.ts'
import { faultList } from '../../message/fault-path.ts'
import type { Metadata } from '../../message/metadata.ts'
import { readJson } from '../../message/read-json.ts'
import { upcast } from '../../message/upcast.ts'
import { validateData } from '../../message/validate-data.ts'
import { textOf } from './marks.ts'
import { eventData, reading, readMessage } from './read-message.ts'
import type { ReceivedEvent } from './received.ts'
import { isTopicMessage } from './topic-message.ts'

type Attribute = (name: string) => string | undefined

interface Attributes {
  /** Of the CloudEvent, in either mode. */
  readonly attribute: Attribute
  readonly header: Attribute
}

const attributesOf = ({ record, envelope }: ReceivedEvent): Attributes => {
  const headers = new Map(record.headers)
  const header: Attribute = (name) => {
    const value = headers.get(name)
    return value === undefined || value === null || value.length === 0 ? undefined : textOf(value)
  }
  const attribute: Attribute =
    envelope === undefined ? (name) => header(`ce_${name}`) : (name) => attributeText(envelope, name)
  return { attribute, header }
}

/** Events that the handler emits carry it on: what an event of our own could not hold is left out. */
const metadataOf = ({ attribute, header }: Attributes): Metadata => {
  const told = new Map<string, unknown>()
  const tell = (name: string, value: string | undefined): void => {
    if (value !== undefined) told.set(name, value)
  }
  tell('correlationId', attribute('correlationid'))
  tell('causationId', attribute('causationid'))
  tell('traceparent', header('traceparent') ?? attribute('traceparent'))
  tell('tracestate', header('tracestate') ?? attribute('tracestate'))
  return told.size === 0 ? {} : contextOf(told)
}

const whole = (text: string | undefined, otherwise: number): number => {
  const number = Number(text)
  return text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(number) ? number : otherwise
}

const occurredAt = (time: string | undefined, { record }: ReceivedEvent): Date => {
  const told = new Date(time ?? Number.NaN)
  return Number.isNaN(told.getTime()) ? new Date(record.timestamp ?? 0) : told
}

const aggregateIdOf = ({ record, accepted }: ReceivedEvent, subject: string | undefined): string =>
  record.key === null ? (accepted?.key ?? subject ?? '') : textOf(record.key)

/** Only the relay gives a record these; what it read was checked when it was appended. */
const isFact = (attribute: Attribute): boolean =>
  attribute('dataversion') !== undefined && attribute('transactionid') !== undefined

/** What onewrite would have stored, had it been given this data. */
const asStored = (data: unknown): unknown => {
  const text = JSON.stringify(data)
  return text === undefined ? undefined : JSON.parse(text)
}

const check = (definition: Definition, topic: string, data: unknown): unknown => {
  const { type, schema } = definition
  const validated = validateData(type, schema, data)
  if ('data' in validated) return asStored(validated.data)
  throw new OnewriteError('INVALID_MESSAGE', {
    type,
    topic,
    faults: faultList(validated.faults).slice(0, 1_000),
  })
}

/** A stored event is a fact; what another program wrote has to fit the schema. */
const dataOf = (received: ReceivedEvent, definition: Definition, attribute: Attribute): unknown => {
  const { id, type, record, envelope } = received
  const named = { id, type }
  const fact = envelope === undefined && isFact(attribute)
  const data = fact ? readJson(record.value, named, JSON.parse) : eventData(received, named, exactJson)
  const version = attribute('dataversion') ?? String(definition.version)
  const latest = upcast(definition, { id, type, version }, data)
  return fact ? latest : check(definition, record.topic, latest)
}

/**
 * Reads the value of a record and leads it to the latest version of its definition. What onewrite did not write is
 * checked.
 *
 * @throws UNREADABLE_EVENT, UNKNOWN_EVENT_VERSION, MISSING_UPCASTER, INVALID_MESSAGE, ASYNC_SCHEMA: all permanent
 */
export const readEvent = (received: ReceivedEvent): ConsumedEvent => {
  const { id, identified, type, handler } = received
  const { definition } = handler
  const attributes = attributesOf(received)
  const { attribute } = attributes
  const data = isTopicMessage(definition)
    ? (received.accepted ?? readMessage(definition, received, { id, type })).data
    : reading({ id, type }, () => dataOf(received, definition, attribute))
  return {
    id,
    identified,
    type,
    version: isTopicMessage(definition) ? 1 : definition.version,
    aggregate: definition.aggregate,
    aggregateId: aggregateIdOf(received, attribute('subject')),
    sequence: whole(attribute('sequence'), 0),
    data,
    metadata: metadataOf(attributes),
    occurredAt: occurredAt(attribute('time'), received),
    transactionId: attribute('transactionid') ?? '',
    ordinal: whole(attribute('ordinal'), 0),
    count: whole(attribute('count'), 1),
  }
}
