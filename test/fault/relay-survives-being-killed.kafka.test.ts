import { expect, it } from 'vitest'
import { runCampaign, serverFaultsOf } from './campaign.ts'
import { kills } from './effort.ts'
import { seedOf } from './seed.ts'

it(`loses, repeats, invents and reorders nothing through ${kills} kills of the relay and restarts of both servers`, {
  timeout: 60_000 + kills * 15_000,
}, async () => {
  const seed = seedOf()
  console.log(`seed ${seed} (replay: ONEWRITE_SEED=${seed} ONEWRITE_KILLS=${kills})`)
  const { verdict, events, records, hits } = await runCampaign({ seed, kills })
  console.log(`${events} events, ${records} records, ended by ${JSON.stringify(hits)}`)
  expect(verdict, `ONEWRITE_SEED=${seed}`).toEqual({
    lost: [],
    phantom: [],
    duplicate: [],
    reordered: [],
    unrecorded: [],
  })
  expect(records).toBe(events)
  for (const fault of serverFaultsOf('table')) expect(hits[fault] ?? 0, fault).toBeGreaterThan(0)
  expect(Object.keys(hits).filter((name) => name.startsWith('relay.')).length).toBeGreaterThan(4)
})
