import { OnewriteError } from '../error/onewrite-error.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { recordId } from '../message/record-id.ts'

/** A refused record, as far as it is known which one it was. */
export interface RefusedRecord {
  readonly topic: string
  readonly key: OutgoingRecord['key']
  /** Of its event; undefined where the record names none, or the transport no longer knows. */
  readonly id: string | undefined
  /** Present where there is no id to tell records of one key apart. */
  readonly value?: OutgoingRecord['value']
}

/** What a transport refused for good: it is certain that none of these records was or will be written. */
export interface Refused {
  /** Whether the reason lies in the records named, or is the same for every record of their topics. */
  readonly scope: 'record' | 'topic'
  /**
   * Whether each of them was refused for its own sake. Brokers refuse whole batches: one record that is too large
   * takes those beside it along. A publisher opened with `apart` is always exact.
   */
  readonly exact: boolean
  readonly records: readonly RefusedRecord[]
}

/** An error that says which records were refused. */
export interface Refusal extends Error {
  readonly refused: Refused
}

/** Names a record without holding on to its content, where it has an id. */
export const refusedRecord = (record: OutgoingRecord): RefusedRecord => {
  const { topic, key, value } = record
  const id = recordId(record)
  return id === undefined ? { topic, key, id, value } : { topic, key, id }
}

/** Adds to an error which records it is about. */
export const withRefused = <Reason extends Error>(reason: Reason, refused: Refused): Reason & Refusal =>
  Object.assign(reason, { refused })

const isRefusal = (error: unknown): error is Refusal => error instanceof Error && 'refused' in error

/** What an error says of refused records; undefined where it is about something else. */
export const refusedBy = (error: unknown): Refused | undefined =>
  isRefusal(error) ? error.refused : undefined

const shownKey = (key: RefusedRecord['key']): string => {
  if (key === null) return 'no key'
  const text = typeof key === 'string' ? key : key.toString('utf8')
  return `key ${JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)}`
}

/** For messages: which record, never its content. */
export const describeRefused = ({ scope, records }: Refused): string => {
  const [first] = records
  if (first === undefined) return scope === 'topic' ? 'all of them' : 'one that cannot be named'
  const event = first.id === undefined ? '' : `, event ${first.id}`
  const more = records.length === 1 ? '' : ` and ${records.length - 1} more`
  return `${shownKey(first.key)}${event}${more}`
}

/** The error of a transport for records that it refused for good. */
export const publishRefused = (
  topic: string,
  reason: string,
  refused: Refused,
  options?: ErrorOptions,
): OnewriteError<'PUBLISH_REFUSED'> & Refusal => {
  const cause = `${describeRefused(refused)}: ${reason}`
  return withRefused(new OnewriteError('PUBLISH_REFUSED', { topic, cause }, options), refused)
}
