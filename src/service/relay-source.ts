import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { Database } from '../postgres/database.ts'
import type { Part, RelaySource } from '../relay/source.ts'
import { tableSource } from '../relay/table-source.ts'
import { autoSource } from '../relay/wal/auto-source.ts'
import { walSource } from '../relay/wal/source.ts'
import type { ServiceOptions } from './service-options.ts'

/** The source that a service was configured with, for one part of its log. */
export const relaySource = (
  { source = 'table', polling, walBudget, beyondBudget }: ServiceOptions,
  database: Database,
  encode: (event: RawEvent) => OutgoingRecord,
  part: Part,
): RelaySource => {
  const common = { database, encode, part, ...(polling === undefined ? {} : { polling }) }
  if (source === 'table') return tableSource(common)
  const open = source === 'auto' ? autoSource : walSource
  return open({
    ...common,
    ...(walBudget === undefined ? {} : { walBudget }),
    ...(beyondBudget === undefined ? {} : { beyondBudget }),
  })
}
