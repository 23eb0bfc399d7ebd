import { isOnewriteError } from '../../error/onewrite-error.ts'
import { type CloudEvent, cloudEventData, isJsonType } from '../../message/cloud-event.ts'
import { type Named, readJson, unreadable } from '../../message/read-json.ts'
import type { DeliveredRecord } from '../../transport/subscriber.ts'
import { readMarks } from './marks.ts'
import type { Accepted, TopicMessage } from './topic-message.ts'

/**
 * Runs what reads a record. Whatever a schema, an upcaster or a function of the data throws is permanent: the same
 * record will make it throw again.
 *
 * @throws UNREADABLE_EVENT, or the error of onewrite that was thrown
 */
export const reading = <Result>(named: Named, read: () => Result): Result => {
  try {
    return read()
  } catch (error) {
    if (isOnewriteError(error)) throw error
    const what = error instanceof Error ? error.name : typeof error
    throw unreadable(named, `the schema or a function of the data threw ${what.slice(0, 100)}`)
  }
}

/** A record in hand, and the CloudEvent that its value was found to be. */
export interface Opened {
  readonly record: DeliveredRecord
  readonly envelope: CloudEvent | undefined
}

/**
 * The data of a CloudEvent in either mode.
 *
 * @throws UNREADABLE_EVENT
 */
export const eventData = (
  { record, envelope }: Opened,
  named: Named,
  parse: (text: string) => unknown,
): unknown => {
  if (envelope !== undefined) return cloudEventData(envelope, named, (value) => readJson(value, named, parse))
  const { contentType = 'application/json' } = readMarks(record.topic, record.headers)
  if (!isJsonType(contentType)) {
    throw unreadable(named, `the value is ${contentType.slice(0, 100)}, and not JSON`)
  }
  return readJson(record.value, named, parse)
}

/**
 * Data, id and key of a message of a topic that onewrite did not write.
 *
 * @throws INVALID_MESSAGE, UNREADABLE_EVENT, ASYNC_SCHEMA
 */
export const readMessage = (message: TopicMessage, opened: Opened, named: Named): Accepted =>
  reading(named, () => {
    const { form, parse } = message.decode
    const { record } = opened
    const data = form === 'json' ? readJson(record.value, named, parse) : eventData(opened, named, parse)
    return message.accept(data, record)
  })
