import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runConsumerCampaign } from './consumer-campaign.ts'
import { briefly, innocent } from './consumer-history.ts'
import { consumerFaults } from './effort.ts'
import { seedOf } from './seed.ts'
import { type Servers, startServers } from './servers.ts'

let servers: Servers

beforeAll(async () => {
  servers = await startServers()
})

afterAll(() => servers.close())

const cases = [
  { transport: 'kafka', name: 'walkers', steps: consumerFaults },
  {
    transport: 'postgres',
    name: 'walkers_of_the_log',
    steps: Math.ceil((consumerFaults * 2) / 3),
    failpoints: ['consumer.handled', 'consumer.beforeCommit', 'consumer.committed', 'consumer.settled'],
  },
] as const

describe.each(cases)('four instances of a consumer over $transport', (campaign) => {
  it(`give every event one effect, in order per key, through ${campaign.steps} faults`, {
    timeout: 240_000 + campaign.steps * 30_000,
  }, async () => {
    const seed = seedOf()
    console.log(`seed ${seed} (replay: ONEWRITE_SEED=${seed} ONEWRITE_KILLS=${consumerFaults})`)
    const report = await runConsumerCampaign(servers, { ...campaign, seed })
    const { verdict, hits, missed, early, leftInOrder, ...rest } = report
    console.log(`${JSON.stringify(rest)}, met ${JSON.stringify(hits)}`)
    expect(briefly(verdict), `ONEWRITE_SEED=${seed}`).toEqual(innocent)
    expect({ missed, early, leftInOrder }).toEqual({ missed: [], early: [], leftInOrder: true })
    expect(rest.parked).toBeGreaterThan(0)
    expect(rest.redriven.mended).toBeGreaterThan(0)
    expect(rest.redriven.hopeless).toBeGreaterThan(0)
    expect(rest.tally.redelivered).toBeGreaterThan(0)
    expect(rest.tally.assigned).toBeGreaterThan(12)
    if (campaign.transport === 'kafka') expect(rest.repeated).toBeGreaterThan(0)
  })
})
