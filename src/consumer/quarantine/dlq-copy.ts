import { headerText } from '../../message/header-text.ts'
import type { HeaderList, OutgoingRecord } from '../../message/outgoing-record.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import { copyIdHeader } from '../../message/record-id.ts'
import { topicFault } from '../../message/topic-fault.ts'

/** Type of the events that carry copies of dead letters; no other event may have it. */
export const deadLetterType = 'onewrite.dead-letter'

/** What the topic of the copies is called after the topic that the record came from. */
export const dlqSuffix = '.DLQ'

/** Both in base64: neither has to be text that PostgreSQL can keep. */
export type CopiedHeader = readonly [name: string, value: string | null]

/** A dead letter as the log carries it; key and value in base64. */
export interface DeadLetterCopy {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly timestamp: number | null
  readonly consumer: string
  readonly group: string
  readonly number: string
  readonly attempts: number
  readonly code: string
  readonly fingerprint: string
  readonly cause: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly CopiedHeader[]
  /** Too large to be copied: only the table of dead letters has it. */
  readonly leftOut: readonly ('value' | 'headers' | 'key')[]
}

const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'))

const textOf = (name: string): string => Buffer.from(name, 'base64').toString()

/** Names that the client would refuse are left out: nothing else of the record could leave either. */
const isNameable = ([name]: readonly [string, unknown]): boolean => name !== '' && !name.includes('\0')

const ownHeaders = (copy: DeadLetterCopy, id: string, failedAt: string): HeaderList => {
  const named: readonly (readonly [string, string | undefined])[] = [
    ['topic', copy.topic],
    ['partition', String(copy.partition)],
    ['offset', copy.offset],
    ['timestamp', copy.timestamp === null ? undefined : String(copy.timestamp)],
    ['group', copy.group],
    ['consumer', copy.consumer],
    ['number', copy.number],
    ['attempts', String(copy.attempts)],
    ['error-code', copy.code],
    ['error-fingerprint', copy.fingerprint],
    ['error-cause', copy.cause],
    ['failed-at', failedAt],
    ['left-out', copy.leftOut.length === 0 ? undefined : copy.leftOut.join(', ')],
    ['kept-at', copy.leftOut.length === 0 ? undefined : `onewrite.dead_letters, number ${copy.number}`],
  ]
  return [
    [copyIdHeader, id],
    ...named.flatMap(([name, value]) =>
      value === undefined ? [] : [[`onewrite-dlq-${name}`, headerText(value)] as const],
    ),
  ]
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isMaybe = (value: unknown): boolean => value === null || isText(value)

const isHeader = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isText(value[0]) && isMaybe(value[1])

const texts = ['topic', 'offset', 'consumer', 'group', 'number', 'code', 'fingerprint', 'cause'] as const

/** Of every field: one of another form would make the relay stumble over it for ever. */
const isCopy = (value: unknown): value is DeadLetterCopy => {
  if (typeof value !== 'object' || value === null) return false
  const field = (name: keyof DeadLetterCopy): unknown => Reflect.get(value, name)
  const [headers, leftOut] = [field('headers'), field('leftOut')]
  return (
    texts.every((name) => isText(field(name))) &&
    isMaybe(field('key')) &&
    isMaybe(field('value')) &&
    Array.isArray(headers) &&
    headers.every(isHeader) &&
    Array.isArray(leftOut) &&
    leftOut.every(isText) &&
    topicFault(`${String(field('topic'))}${dlqSuffix}`) === undefined
  )
}

const parse = (payload: string): unknown => {
  try {
    return JSON.parse(payload)
  } catch {
    return undefined
  }
}

/**
 * The record of `<topic>.DLQ`: key, value and headers byte for byte as they came, and headers that say where from and
 * why. Undefined for every other event.
 */
export const encodeDeadLetter = ({ id, type, payload, occurredAt }: RawEvent): OutgoingRecord | undefined => {
  if (type !== deadLetterType) return undefined
  const copy = parse(payload)
  // Written by other hands under our name: published as what it is.
  if (!isCopy(copy)) return undefined
  const headers = copy.headers.map(([name, value]) => [textOf(name), bytes(value)] as const)
  return {
    topic: `${copy.topic}${dlqSuffix}`,
    key: bytes(copy.key),
    value: bytes(copy.value),
    headers: [...headers.filter(isNameable), ...ownHeaders(copy, id, occurredAt)],
  }
}
