import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Cast, runConsumerCampaign } from './consumer-campaign.ts'
import { briefly, innocent } from './consumer-history.ts'
import { deployFor } from './effort.ts'
import { seedOf } from './seed.ts'
import { type Servers, startServers } from './servers.ts'

let servers: Servers

beforeAll(async () => {
  servers = await startServers()
})

afterAll(() => servers.close())

const instances = 4

/** Instances are replaced one after the other, each at least once, for as long as the time lasts. */
const deploy = async ({ fleet }: Cast): Promise<Record<string, number>> => {
  const until = performance.now() + deployFor
  let [replaced, orderly] = [0, 0]
  while (replaced < instances || performance.now() < until) {
    if (await fleet.replace(replaced % instances)) orderly += 1
    replaced += 1
  }
  return { replaced, orderly }
}

it(`loses and repeats nothing while instances are replaced one by one for ${deployFor / 1000} s`, {
  timeout: 240_000 + 3 * deployFor,
}, async () => {
  const seed = seedOf()
  console.log(`seed ${seed} (replay: ONEWRITE_SEED=${seed} ONEWRITE_MINUTES=${deployFor / 60_000})`)
  const name = 'deployed'
  const report = await runConsumerCampaign(servers, { seed, name, steps: 0, instances, course: deploy })
  const { verdict, hits, early, leftInOrder, ...rest } = report
  console.log(`${JSON.stringify(rest)}, ${JSON.stringify(hits)}`)
  expect(briefly(verdict), `ONEWRITE_SEED=${seed}`).toEqual(innocent)
  expect({ early, leftInOrder }).toEqual({ early: [], leftInOrder: true })
  expect(hits['orderly']).toBe(hits['replaced'])
  expect(rest.tally.assigned).toBeGreaterThan(2 * instances)
})
