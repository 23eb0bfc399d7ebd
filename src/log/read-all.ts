import type { Catalogue } from '../message/catalogue.ts'
import { decode } from '../message/decode.ts'
import type { RecordedEvent } from '../message/recorded-event.ts'
import type { Database } from '../postgres/database.ts'
import { orderedReader } from './ordered-reader.ts'

export interface ReadAllOptions {
  /** Continue after this position. Default 0: from the first event. */
  readonly after?: bigint
  readonly pageSize?: number
}

/**
 * All events after a position, in order, up to where the log is decided at this moment; ends there. Whoever continues
 * after the last position it saw misses nothing.
 *
 * @throws UNKNOWN_EVENT_TYPE, UNKNOWN_EVENT_VERSION, MISSING_UPCASTER
 */
export async function* readAll(
  database: Database,
  catalogue: Catalogue,
  { after = 0n, pageSize = 1000 }: ReadAllOptions = {},
): AsyncGenerator<RecordedEvent> {
  const connection = await database.rawConnection({ applicationName: 'onewrite read' })
  try {
    const reader = orderedReader(connection, database.schema, after)
    for (;;) {
      const page = await reader.next({ events: pageSize, bytes: 4 * 1024 * 1024 })
      for (const raw of page.events) yield decode(catalogue, raw)
      if (page.caughtUp) return
    }
  } finally {
    await connection.close()
  }
}
