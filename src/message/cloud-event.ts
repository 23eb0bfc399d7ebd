import { type Named, unreadable } from './read-json.ts'

/** Attributes and data of a CloudEvent in structured mode, by name. */
export type CloudEvent = ReadonlyMap<string, unknown>

const required = ['specversion', 'id', 'source', 'type'] as const

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/**
 * A JSON value as CloudEvent.
 *
 * @throws UNREADABLE_EVENT naming every attribute that is missing
 */
export const cloudEvent = (json: unknown, named: Named): CloudEvent => {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw unreadable(named, 'a CloudEvent is a JSON object')
  }
  const event = new Map<string, unknown>(Object.entries(json))
  const missing = required.filter((name) => !isText(event.get(name)))
  if (missing.length > 0) throw unreadable(named, `the CloudEvent lacks ${missing.join(', ')}`)
  if (event.get('specversion') !== '1.0') throw unreadable(named, 'the CloudEvent is not of version 1.0')
  return event
}

/** An attribute as text; undefined where it is absent. Numbers and booleans have one text in CloudEvents. */
export const attributeText = (event: CloudEvent, name: string): string | undefined => {
  const value = event.get(name)
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

const jsonType = /^[\w.-]+\/(?:[\w.+-]+\+)?json(?:\s*;|\s*$)/i

/** Whether a content type is that of JSON. */
export const isJsonType = (contentType: string): boolean => jsonType.test(contentType.trim())

/**
 * The data of a CloudEvent in structured mode.
 *
 * @throws UNREADABLE_EVENT
 */
export const cloudEventData = (
  event: CloudEvent,
  named: Named,
  parse: (value: Buffer) => unknown,
): unknown => {
  const contentType = attributeText(event, 'datacontenttype') ?? 'application/json'
  if (!isJsonType(contentType))
    throw unreadable(named, `the data is ${contentType.slice(0, 100)}, and not JSON`)
  const encoded = event.get('data_base64')
  return typeof encoded === 'string' ? parse(Buffer.from(encoded, 'base64')) : event.get('data')
}
