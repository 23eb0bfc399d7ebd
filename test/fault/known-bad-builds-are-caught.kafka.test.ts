import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/testing/history.ts'
import { type CampaignOptions, runCampaign } from './campaign.ts'
import { buildKnownBad, type KnownBad } from './known-bad.ts'
import { seedOf } from './seed.ts'

interface Case extends KnownBad {
  readonly convictedOf: keyof Verdict
  readonly campaign: Omit<CampaignOptions, 'seed' | 'tree'>
}

const cases: readonly Case[] = [
  {
    name: 'reads position > last instead of staying below the horizon of the writers',
    file: 'log/ordered-reader.ts',
    find: 'safe = line.advance(found)',
    replace: 'safe = found.lastPosition; line.advance(found)',
    convictedOf: 'lost',
    campaign: { kills: 3, faults: [] },
  },
  {
    name: 'keeps the checkpoint outside the transaction that publishes',
    file: 'relay/open-sink.ts',
    find: "return options.delivery === 'at-least-once'\n",
    replace: 'return true\n',
    convictedOf: 'duplicate',
    campaign: { kills: 4, faults: [], failpoints: ['relay.beforeCommit'] },
  },
  {
    name: 'acknowledges before the records are safe',
    file: 'relay/at-least-once-sink.ts',
    find: '      await sending.drain()\n',
    replace: '',
    convictedOf: 'lost',
    campaign: { kills: 6, faults: [], failpoints: ['relay.committed'], delivery: 'at-least-once' },
  },
  {
    name: 'hands the events of a page over from the last to the first',
    file: 'relay/table-source.ts',
    find: 'records: kept.map(encode)',
    replace: 'records: kept.map(encode).reverse()',
    convictedOf: 'reordered',
    campaign: { kills: 2, faults: [] },
  },
  {
    name: 'gives records ids that no recorded event has',
    file: 'message/to-record.ts',
    find: 'ce_id: raw.id,',
    replace: 'ce_id: raw.id + raw.position,',
    convictedOf: 'phantom',
    campaign: { kills: 1, faults: [] },
  },
]

describe.each(cases)('a relay that $name', ({ convictedOf, campaign, ...bad }) => {
  it(`is convicted: ${convictedOf}`, { timeout: 180_000 }, async () => {
    const seed = seedOf()
    const { tree, remove } = await buildKnownBad(bad)
    try {
      const report = await runCampaign({ ...campaign, seed, tree })
      console.log(
        `seed ${seed}: ${report.verdict[convictedOf].length} ${convictedOf} of ${report.events} events`,
      )
      expect(report.verdict[convictedOf].length, `replay with ONEWRITE_SEED=${seed}`).toBeGreaterThan(0)
    } finally {
      await remove()
    }
  })
})
