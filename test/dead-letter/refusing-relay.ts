import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import type { Database } from '../../src/postgres/database.ts'
import { type RelayOptions, relay } from '../../src/relay/relay.ts'
import { tableSource } from '../../src/relay/table-source.ts'
import { type MemoryTransport, memory } from '../../src/transport/memory.ts'

export const topic = 'accounts'
export const reader = 'relay/accounts'

const encode = (event: RawEvent) => toRecord(event, { source: '/test', topicOf: () => topic })

/** A transport that refuses records whose payload says so, until told otherwise. */
export interface RefusingTransport extends MemoryTransport {
  /** Takes everything from now on. */
  relent(): void
  /** Payload numbers of a key, in the order they can be read. */
  read(key: string): readonly number[]
}

export const refusingTransport = (): RefusingTransport => {
  let relented = false
  const transport = memory({
    refuse: ({ value }) => (!relented && String(value).includes('"refused"') ? 'it is too large' : undefined),
  })
  return {
    ...transport,
    relent: () => {
      relented = true
    },
    read: (key) =>
      transport
        .records(topic)
        .filter((record) => record.key === key)
        .map(({ value }): number => JSON.parse(String(value)).n),
  }
}

export const relayTo = (
  database: Database,
  { publishing }: MemoryTransport,
  options: Partial<RelayOptions> = {},
) => {
  const polling = { shortest: 2, longest: 20 }
  const source = tableSource({ database, encode, polling })
  return relay({ name: 'accounts', database, publishing, source, ...options })
}
