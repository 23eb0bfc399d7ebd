import { orderedReader } from '../../src/log/ordered-reader.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import type { Database } from '../../src/postgres/database.ts'

/** All events after a position that the ordered reader hands out now. */
export const readRaw = async (database: Database, after = 0n): Promise<readonly RawEvent[]> => {
  const connection = await database.rawConnection({ applicationName: 'test read' })
  const reader = orderedReader(connection, database.schema, after)
  const events: RawEvent[] = []
  try {
    for (;;) {
      const page = await reader.next({ events: 1000, bytes: 1_000_000 })
      events.push(...page.events)
      if (page.caughtUp) return events
    }
  } finally {
    await connection.close()
  }
}
