import { toRecord } from '../../../src/message/to-record.ts'
import { topicNaming, topics } from '../../../src/message/topic.ts'
import type { Database } from '../../../src/postgres/database.ts'
import type { Delivery } from '../../../src/relay/open-sink.ts'
import { type Relay, relay } from '../../../src/relay/relay.ts'
import { tableSource } from '../../../src/relay/table-source.ts'
import { walSource } from '../../../src/relay/wal-source.ts'
import type { Publishing } from '../../../src/transport/publisher.ts'

export interface RelayPlace {
  readonly name: string
  readonly topic: string
  readonly delivery: Delivery
}

export interface RelayTuning {
  /** Default `table`. */
  readonly source?: 'table' | 'wal'
  readonly page?: { readonly events?: number; readonly bytes?: number }
  readonly settleAfter?: number
  readonly maxBytesInFlight?: number
}

const print = (fields: object, message: string): void => console.error(message, fields)
const ignore = (): void => undefined

/** The relay as a service has it: same encoding, same defaults; it says what goes wrong. */
export const openRelay = (
  { name, topic, delivery }: RelayPlace,
  database: Database,
  publishing: Publishing,
  { source = 'table', page, settleAfter, maxBytesInFlight }: RelayTuning = {},
): Relay => {
  const openSource = source === 'wal' ? walSource : tableSource
  const topicOf = topicNaming({ strategy: topics.fixed(topic) })
  return relay({
    name,
    database,
    publishing,
    delivery,
    source: openSource({
      database,
      encode: (event) => toRecord(event, { source: '/bench', topicOf }),
      ...(page === undefined ? {} : { page }),
    }),
    ...(settleAfter === undefined ? {} : { settleAfter }),
    ...(maxBytesInFlight === undefined ? {} : { maxBytesInFlight }),
    logger: { debug: ignore, info: ignore, warn: print, error: print },
  })
}
