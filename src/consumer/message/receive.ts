import { keyQueue, queueName } from '../../dead-letter/queue.ts'
import { attributeText, type CloudEvent, cloudEvent } from '../../message/cloud-event.ts'
import { exactJson } from '../../message/exact-json.ts'
import { readJson } from '../../message/read-json.ts'
import type { DeliveredRecord } from '../../transport/subscriber.ts'
import type { AnyHandler } from '../handler.ts'
import { causeOf } from '../lane/failure.ts'
import { type Marks, readMarks, scopedId, storable, typedId } from './marks.ts'
import { readMessage } from './read-message.ts'
import type { Identified, Received } from './received.ts'
import { isMessageHandler, type MessageHandler, type Routes, routes } from './routes.ts'
import type { WhenUnreadable } from './topic-message.ts'

/** A record with what was found out about it so far. */
interface Opened {
  readonly record: DeliveredRecord
  readonly marks: Marks
  readonly envelope: CloudEvent | undefined
}

interface Named {
  readonly id: string | undefined
  /** Type of the aggregate, or the topic. */
  readonly within: string
  readonly key: string | Buffer | null
}

/**
 * The same each time the record comes, and no other record's: the offsets of a topic that was deleted and made again
 * begin anew, its timestamps do not.
 */
const placeOf = ({ topic, partition, offset, timestamp }: DeliveredRecord): string =>
  storable(`${topic}/${partition}/${offset}${timestamp === undefined ? '' : `@${timestamp}`}`)

const identify = (record: DeliveredRecord, { id, within, key }: Named): Identified => {
  const known = id ?? placeOf(record)
  const queue = keyQueue({ topic: within, key }, known)
  return { record, id: known, identified: id !== undefined, queue, lane: queueName(queue) }
}

const plainly = ({ record, marks }: Opened): Identified =>
  identify(record, { id: marks.id, within: record.topic, key: record.key })

const refused = (
  identified: Identified,
  { type, whenUnreadable }: { readonly type: string | undefined; readonly whenUnreadable: WhenUnreadable },
  error: unknown,
): Received => ({ kind: 'unreadable', ...identified, type, whenUnreadable, cause: causeOf(error) })

/** Without a key, a message is in order by what its data or its CloudEvent names; else it has no order to keep. */
const receiveMessage = (opened: Opened, handler: MessageHandler): Received => {
  const { record, marks, envelope } = opened
  const { definition } = handler
  const { type, aggregate, asks, decode, unreadable: whenUnreadable } = definition
  const asked = (asks.id && marks.id === undefined) || (asks.key && record.key === null)
  const subject = decode.form === 'cloudevents' ? marks.subject : undefined
  const named = { id: marks.id, within: aggregate, key: record.key ?? subject ?? null }
  try {
    const event = { id: marks.id ?? placeOf(record), type }
    const accepted = asked ? readMessage(definition, opened, event) : undefined
    const id = marks.id ?? (accepted?.id === undefined ? undefined : typedId(type, accepted.id))
    const identified = identify(record, { ...named, id, key: record.key ?? accepted?.key ?? named.key })
    return { kind: 'event', ...identified, type, handler, whenUnreadable, envelope, accepted }
  } catch (error) {
    return refused(identify(record, named), { type, whenUnreadable }, error)
  }
}

const dispatch = (opened: Opened, handler: AnyHandler | undefined): Received => {
  const { record, marks, envelope } = opened
  if (handler === undefined) {
    return { kind: 'other', ...plainly(opened), type: marks.type ?? marks.otherType }
  }
  if (isMessageHandler(handler)) return receiveMessage(opened, handler)
  const { type, aggregate } = handler.definition
  const key = record.key ?? marks.subject ?? null
  const identified = identify(record, { id: marks.id, within: aggregate, key })
  return {
    kind: 'event',
    ...identified,
    type,
    handler,
    whenUnreadable: 'park',
    envelope,
    accepted: undefined,
  }
}

/** Type and id are in the value: it has to be read now. */
const receiveStructured = (opened: Opened, { messagesOf, find }: Routes): Received => {
  const { record, marks } = opened
  const [declared] = messagesOf(record.topic)
  const named = { id: placeOf(record), type: declared?.definition.type ?? 'CloudEvent' }
  try {
    const parse = declared?.definition.decode.parse ?? exactJson
    const envelope = cloudEvent(readJson(record.value, named, parse), named)
    const type = attributeText(envelope, 'type')
    const subject = attributeText(envelope, 'subject')
    const id = scopedId(attributeText(envelope, 'source') ?? '', attributeText(envelope, 'id') ?? '')
    const inside: Marks = { ...marks, id, type, subject, otherType: undefined }
    return dispatch({ record, marks: inside, envelope }, find(record.topic, inside))
  } catch (error) {
    const { type, unreadable: whenUnreadable = 'park' } = declared?.definition ?? { type: undefined }
    return refused(plainly(opened), { type, whenUnreadable }, error)
  }
}

const structured = 'application/cloudevents'

/** By its content type; or where CloudEvents are declared, and the headers hold none. */
const isStructured = ({ record, marks }: Opened, { messagesOf }: Routes): boolean => {
  const says = marks.contentType?.toLowerCase().startsWith(structured) === true
  const declared = messagesOf(record.topic)
  if (declared.length === 0) return says
  return (
    (says || marks.type === undefined) &&
    declared.some(({ definition }) => definition.decode.form === 'cloudevents')
  )
}

/**
 * Tells what records are to these handlers. Never throws: a record that no handler can take has its outcome, too. Takes
 * 2 us of CPU for an event of 14 headers, and 6 us for a message of 1 KB whose data has to be read for its key.
 */
export const receiver = (handlers: readonly AnyHandler[]): ((record: DeliveredRecord) => Received) => {
  const known = routes(handlers)
  return (record) => {
    const marks = readMarks(record.topic, record.headers)
    const opened: Opened = { record, marks, envelope: undefined }
    return isStructured(opened, known)
      ? receiveStructured(opened, known)
      : dispatch(opened, known.find(record.topic, marks))
  }
}
