import type { OutgoingRecord } from '../../../src/message/outgoing-record.ts'
import type { RawEvent } from '../../../src/message/raw-event.ts'
import { toRecord } from '../../../src/message/to-record.ts'
import { topicNaming, topics } from '../../../src/message/topic.ts'
import { outboxTable } from '../../../src/outbox/outbox-table.ts'
import type { Database } from '../../../src/postgres/database.ts'
import type { Delivery } from '../../../src/relay/open-sink.ts'
import { outboxSource } from '../../../src/relay/outbox/source.ts'
import { type Relay, relay } from '../../../src/relay/relay.ts'
import type { RelaySource } from '../../../src/relay/source.ts'
import { tableSource } from '../../../src/relay/table-source.ts'
import { walSource } from '../../../src/relay/wal/source.ts'
import type { Publishing } from '../../../src/transport/publisher.ts'
import { wokenSource } from '../latency/woken-source.ts'

export interface RelayPlace {
  readonly name: string
  readonly topic: string
  readonly delivery: Delivery
}

export interface RelayTuning {
  /** Default `table`. `outbox`: the table `public.outbox` instead of the log, by a slot of the relay's name. */
  readonly source?: 'table' | 'wal' | 'woken' | 'outbox'
  readonly page?: { readonly events?: number; readonly bytes?: number }
  readonly settleAfter?: number
  readonly maxBytesInFlight?: number
}

/** What Debezium is configured to make of the table, too. */
export const routerOptions = (topic: string) => ({
  'table.fields.additional.placement': 'type:header:eventType',
  'route.topic.replacement': topic,
})

const openSource = (
  { topic, name }: RelayPlace,
  database: Database,
  { source = 'table', page }: RelayTuning,
): RelaySource => {
  const topicOf = topicNaming({ strategy: topics.fixed(topic) })
  const paged = { database, ...(page === undefined ? {} : { page }) }
  if (source === 'outbox') {
    const slot = name.replaceAll('-', '_')
    const outbox = outboxTable({ table: 'public.outbox', eventRouter: routerOptions(topic), slot })
    return outboxSource({ ...paged, outbox })
  }
  const encode = (event: RawEvent): OutgoingRecord => toRecord(event, { source: '/bench', topicOf })
  if (source === 'wal') return walSource({ ...paged, encode })
  const table = tableSource({ ...paged, encode })
  return source === 'woken' ? wokenSource(database, table) : table
}

const print = (fields: object, message: string): void => console.error(message, fields)
const ignore = (): void => undefined

/** The relay as a service has it: same encoding, same defaults; it says what goes wrong. */
export const openRelay = (
  place: RelayPlace,
  database: Database,
  publishing: Publishing,
  tuning: RelayTuning = {},
): Relay => {
  const { settleAfter, maxBytesInFlight } = tuning
  return relay({
    name: place.name,
    database,
    publishing,
    delivery: place.delivery,
    source: openSource(place, database, tuning),
    ...(settleAfter === undefined ? {} : { settleAfter }),
    ...(maxBytesInFlight === undefined ? {} : { maxBytesInFlight }),
    logger: { debug: ignore, info: ignore, warn: print, error: print },
  })
}
