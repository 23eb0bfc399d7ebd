import { expect } from 'vitest'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import type { Database } from '../../src/postgres/database.ts'
import { readSlot, type SlotState } from '../../src/postgres/slot.ts'
import { type Relay, type RelayOptions, relay } from '../../src/relay/relay.ts'
import type { RelaySource } from '../../src/relay/source.ts'
import { tableSource } from '../../src/relay/table-source.ts'
import { refillHeader } from '../../src/relay/wal/remainder.ts'
import { type WalSourceOptions, walSource } from '../../src/relay/wal/source.ts'
import { memory } from '../../src/transport/memory.ts'

export const encode = (event: RawEvent) => toRecord(event, { source: '/test', topicOf: () => 'accounts' })

export const patience = { timeout: 15_000 } as const

const headerOf = ({ headers }: Pick<OutgoingRecord, 'headers'>, name: string): string | undefined =>
  (Array.isArray(headers) ? new Map(headers).get(name) : Reflect.get(headers, name))?.toString()

/** Relays named `accounts`, one after the other or at the same time, over one transport in memory. */
export const following = (
  database: Database,
  options: Partial<RelayOptions> = {},
  /** Looks on with the rights to see everything. */
  admin: Database = database,
) => {
  const transport = memory({ partitions: 1 })
  const started: Relay[] = []
  const wal = (extra: Partial<WalSourceOptions> = {}): RelaySource =>
    walSource({ database, encode, ...extra })
  const table = (): RelaySource => tableSource({ database, encode })
  const slot = wal().slotOf?.('accounts') ?? ''
  const all = () => transport.records('accounts')
  const slotState = (): Promise<SlotState | undefined> => readSlot(admin, slot)
  const isStreaming = async (): Promise<boolean> => {
    const { rowCount } = await admin.query(
      `select from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid
      where s.slot_name = $1 and r.state = 'streaming'`,
      [slot],
    )
    return rowCount === 1
  }
  return {
    wal,
    table,
    slot,
    slotState,
    publishing: transport.publishing,
    start: (source: RelaySource): Relay => {
      const { publishing } = transport
      const moving = relay({ name: 'accounts', database, publishing, source, ...options })
      started.push(moving)
      moving.start()
      return moving
    },
    stopAll: async () => {
      await Promise.all(started.splice(0).map((one) => one.stop()))
    },
    ids: () => all().map((record) => headerOf(record, 'id')),
    marks: () => all().map((record) => headerOf(record, refillHeader)),
    /** Waits until the log itself is streamed, past the way in. */
    streams: () => expect.poll(isStreaming, patience).toBe(true),
    /** Waits until nobody reads the slot. */
    rests: () => expect.poll(async () => (await slotState())?.active, patience).toBe(false),
  }
}
