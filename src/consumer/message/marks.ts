import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { HeaderList } from '../../message/outgoing-record.ts'

type Value = string | Buffer

/** What the headers of a record say of it. */
export interface Marks {
  /** One text per event of one writer. */
  readonly id: string | undefined
  /** Of a CloudEvent. */
  readonly type: string | undefined
  /** As other programs name it. */
  readonly otherType: string | undefined
  readonly subject: string | undefined
  readonly contentType: string | undefined
}

/**
 * Bytes that are no text are told by their digits: with replacement characters, different ids would become the same,
 * and the second event would pass for a repeat of the first.
 */
export const textOf = (value: Value): string => {
  if (typeof value === 'string') return value
  return isUtf8(value) ? value.toString() : `0x${value.toString('hex')}`
}

const isSame = (one: Value, other: Value): boolean => textOf(one) === textOf(other)

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const longest = 200

const unstorable = /[\0\p{Surrogate}]/u

/**
 * Ids become causes of other events, and names of dead letters: what is too long for that, or no text of PostgreSQL, is
 * told by its digest.
 */
export const storable = (id: string): string =>
  id.length <= longest && !unstorable.test(id)
    ? id
    : `sha256 ${createHash('sha256').update(id, 'utf16le').digest('hex')}`

/** A UUID is unique by itself; any other id only among those of its writer. */
export const scopedId = (scope: string, id: string): string =>
  id.length === 36 && uuid.test(id) ? id.toLowerCase() : storable(`${scope} ${id}`)

/** An id that is unique only among those of a type, whatever it looks like. */
export const typedId = (type: string, id: string): string => storable(`${type} ${id}`)

interface Found {
  id: Value | undefined
  ceId: Value | undefined
  /** Ids that contradict each other are none: either could swallow another event. */
  twoIds: boolean
  source: Value | undefined
  type: Value | undefined
  otherType: Value | undefined
  subject: Value | undefined
  contentType: Value | undefined
}

const keep = (found: Found, name: string, value: Value): void => {
  switch (name) {
    case 'id':
      if (found.id !== undefined && !isSame(found.id, value)) found.twoIds = true
      found.id = value
      return
    case 'ce_id':
      if (found.ceId !== undefined && !isSame(found.ceId, value)) found.twoIds = true
      found.ceId = value
      return
    case 'ce_type':
      found.type = value
      return
    case 'ce_source':
      found.source = value
      return
    case 'ce_subject':
      found.subject = value
      return
    case 'content-type':
      found.contentType = value
      return
    case 'type':
    case 'eventType':
    case 'event_type':
      found.otherType = value
      return
  }
}

const idOf = ({ id, ceId, twoIds, source }: Found, topic: string): string | undefined => {
  if (twoIds) return undefined
  if (ceId !== undefined) return scopedId(source === undefined ? topic : textOf(source), textOf(ceId))
  return id === undefined ? undefined : scopedId(topic, textOf(id))
}

const text = (value: Value | undefined): string | undefined =>
  value === undefined ? undefined : textOf(value)

/** The last header of a name counts, as for Kafka; one that is null or empty says nothing. */
export const readMarks = (topic: string, headers: HeaderList): Marks => {
  const found: Found = {
    id: undefined,
    ceId: undefined,
    twoIds: false,
    source: undefined,
    type: undefined,
    otherType: undefined,
    subject: undefined,
    contentType: undefined,
  }
  for (const [name, value] of headers) if (value !== null && value.length > 0) keep(found, name, value)
  return {
    id: idOf(found, topic),
    type: text(found.type),
    otherType: text(found.otherType),
    subject: text(found.subject),
    contentType: text(found.contentType),
  }
}
