import { isHeaderList, lastHeader } from './header-list.ts'
import type { OutgoingRecord } from './outgoing-record.ts'

const headerOf = ({ headers }: OutgoingRecord, name: string): string | Buffer | null | undefined =>
  // Asked of every record on its way out: nothing is copied.
  isHeaderList(headers) ? lastHeader(headers, name) : headers[name]

/** The id of a copy of a dead letter, which has the headers of the event it is about. */
export const copyIdHeader = 'onewrite-dlq-id'

/** What tells a record from others: the id of the event that it carries, from its headers; undefined without one. */
export const recordId = (record: OutgoingRecord): string | undefined => {
  const id = headerOf(record, copyIdHeader) ?? headerOf(record, 'id') ?? headerOf(record, 'ce_id')
  if (id === undefined || id === null || id.length === 0) return undefined
  return typeof id === 'string' ? id : id.toString()
}
