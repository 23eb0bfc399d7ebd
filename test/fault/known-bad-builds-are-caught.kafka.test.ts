import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Case, convict } from './convict.ts'
import { type Servers, startServers } from './servers.ts'

const cases: readonly Case[] = [
  {
    name: 'reads position > last instead of staying below the horizon of the writers',
    changes: [
      {
        file: 'log/ordered-reader.ts',
        find: 'safe = line.advance(found)',
        replace: 'safe = found.lastPosition; line.advance(found)',
      },
    ],
    convictedOf: 'lost',
    campaign: { kills: 3, faults: [] },
  },
  {
    name: 'keeps the checkpoint outside the transaction that publishes',
    changes: [
      {
        file: 'relay/open-sink.ts',
        find: "return options.delivery === 'at-least-once'\n",
        replace: 'return true\n',
      },
    ],
    convictedOf: 'duplicate',
    campaign: { kills: 4, faults: [], failpoints: ['relay.beforeCommit'] },
  },
  {
    name: 'acknowledges before the records are safe',
    changes: [{ file: 'relay/at-least-once-sink.ts', find: '      await sending.drain()\n', replace: '' }],
    convictedOf: 'lost',
    campaign: { kills: 6, faults: [], failpoints: ['relay.committed'], delivery: 'at-least-once' },
  },
  {
    name: 'hands the events of a page over from the last to the first',
    changes: [
      {
        file: 'relay/table-source.ts',
        find: 'const records = kept.map(encode)',
        replace: 'const records = kept.map(encode).reverse()',
      },
    ],
    convictedOf: 'reordered',
    campaign: { kills: 2, faults: [] },
  },
  {
    name: 'gives records ids that no recorded event has',
    changes: [
      { file: 'message/to-record.ts', find: 'ce_id: raw.id,', replace: 'ce_id: raw.id + raw.position,' },
    ],
    convictedOf: 'phantom',
    campaign: { kills: 1, faults: [] },
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
