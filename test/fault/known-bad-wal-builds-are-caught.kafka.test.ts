import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Case, convict } from './convict.ts'
import { type Servers, startServers } from './servers.ts'

/** What the place in the write-ahead log is held against before it is read on; without it the slot is trusted. */
const trustsTheSlot = {
  file: 'relay/wal/loss.ts',
  find: 'if (slot.confirmed > place.lsn) {',
  replace: 'if (slot.confirmed < 0n) {',
}

const cases: readonly Case[] = [
  {
    name: 'acknowledges what it has read before Kafka has committed it, and trusts the slot',
    changes: [
      trustsTheSlot,
      {
        file: 'relay/wal/reader.ts',
        find: 'const whole = !rows.isOpen\n',
        replace: 'const whole = !rows.isOpen\n      if (whole) stream.acknowledge(progress.lsn)\n',
      },
      {
        file: 'postgres/standby-status.ts',
        find: 'const acknowledgeWithin = 100',
        replace: 'const acknowledgeWithin = 0',
      },
    ],
    convictedOf: 'lost',
    campaign: { source: 'wal', kills: 6, faults: [], failpoints: ['relay.beforeCommit'] },
  },
  {
    name: 'goes by where the slot stands instead of by the checkpoint in Kafka',
    changes: [
      {
        file: 'relay/wal/rows.ts',
        find: 'skipping = change.lsn < place.lsn',
        replace: 'skipping = false',
      },
      {
        file: 'relay/wal/progress.ts',
        find: 'hasLeft: (at) => at <= from || before.has(at),',
        replace: 'hasLeft: () => before.has(0n),',
      },
    ],
    convictedOf: 'duplicate',
    campaign: { source: 'wal', kills: 2, faults: ['postgres'], failpoints: ['relay.committed'] },
  },
  {
    name: 'creates a slot that is gone anew and reads on from there',
    changes: [
      {
        file: 'relay/wal/open.ts',
        find: 'const loss = moved ?? lossOf(place, connections.identity, state)',
        replace:
          'if (state === undefined) await connections.replication.createSlot(slot)\n' +
          '  const loss = moved ?? lossOf(place, connections.identity, state ?? (await readSlot(database, slot)))',
      },
      trustsTheSlot,
      {
        file: 'relay/wal/open.ts',
        find: 'import { checkSlotOwner, dropSlot }',
        replace: 'import { checkSlotOwner, dropSlot, readSlot }',
      },
    ],
    convictedOf: 'lost',
    campaign: { source: 'wal', kills: 2, faults: ['slot'], failpoints: ['relay.published'] },
  },
]

let servers: Servers

beforeAll(async () => {
  servers = await startServers()
})

afterAll(() => servers.close())

describe.each(cases)('a relay that $name', (accused) => {
  it(`is convicted: ${accused.convictedOf}`, { timeout: 180_000 }, async () => {
    const { seed, found } = await convict(servers, accused)
    expect(found, `replay with ONEWRITE_SEED=${seed}`).toBeGreaterThan(0)
  })
})
