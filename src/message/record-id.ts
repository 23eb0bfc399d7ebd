import { lastHeader } from './header-list.ts'
import type { OutgoingRecord } from './outgoing-record.ts'

/** The id of the event that a record carries, from its headers; undefined where it carries none. */
export const recordId = ({ headers }: OutgoingRecord): string | undefined => {
  const id = lastHeader(headers, 'id') ?? lastHeader(headers, 'ce_id')
  return id === undefined || id === null || id.length === 0 ? undefined : id.toString()
}
