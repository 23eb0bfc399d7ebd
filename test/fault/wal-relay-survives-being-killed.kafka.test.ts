import { expect, it } from 'vitest'
import { failpointsOf, runCampaign, serverFaultsOf } from './campaign.ts'
import { kills } from './effort.ts'
import { seedOf } from './seed.ts'

it(`loses, repeats, invents and reorders nothing through ${kills} kills of the relay and every fault of the servers`, {
  timeout: 60_000 + kills * 15_000,
}, async () => {
  const seed = seedOf()
  console.log(`seed ${seed} (replay: ONEWRITE_SEED=${seed} ONEWRITE_KILLS=${kills})`)
  const report = await runCampaign({ seed, kills, source: 'wal' })
  const { verdict, events, records, marked, refills, hits } = report
  console.log(
    `${events} events, ${records} records, ${marked} of them marked by ${refills} refills,` +
      ` ended by ${JSON.stringify(hits)}`,
  )
  expect(verdict, `ONEWRITE_SEED=${seed}`).toEqual({
    lost: [],
    phantom: [],
    duplicate: [],
    reordered: [],
    unrecorded: [],
  })
  for (const fault of serverFaultsOf('wal')) expect(hits[fault] ?? 0, fault).toBeGreaterThan(0)
  expect(refills).toBeGreaterThan(0)
  expect(Object.keys(hits).filter((name) => failpointsOf('wal').includes(name)).length).toBeGreaterThan(4)
})
