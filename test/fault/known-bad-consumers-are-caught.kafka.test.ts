import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cast, judgeNow, runConsumerCampaign, type Until } from './consumer-campaign.ts'
import { came } from './consumer-fleet.ts'
import { buildKnownBadConsumer } from './known-bad.ts'
import { type BadConsumer, badConsumers } from './known-bad-consumers.ts'
import { seedOf } from './seed.ts'
import { type Servers, startServers } from './servers.ts'

let servers: Servers

beforeAll(async () => {
  servers = await startServers()
})

afterAll(() => servers.close())

/** What was found while it went on stays true; the rest is known only when nothing is left to do. */
const untilOf = ({ convictedOf }: BadConsumer): Until => {
  if (convictedOf === 'lost') return 'end'
  return convictedOf === 'heldUp' ? 'standstill' : 'now'
}

/** Until there was something of everything, or the evidence is there. Some builds come to nothing of the kind. */
const work =
  (accused: BadConsumer) =>
  async (cast: Cast): Promise<Record<string, number>> => {
    const { writer, operator } = cast
    const isDone = async (): Promise<boolean> => {
      if (untilOf(accused) === 'now') return (await judgeNow(cast))[accused.convictedOf].length > 0
      const events = writer.written.length
      return events >= 3_000 || (events >= 600 && operator.redriven().hopeless > 2)
    }
    await came(isDone)
    return {}
  }

describe.each(badConsumers.map((accused, number) => ({ ...accused, number })))(
  'a consumer that $name',
  (accused) => {
    it(`is convicted: ${accused.convictedOf}`, { timeout: 240_000 }, async () => {
      const seed = seedOf()
      const report = await runConsumerCampaign(servers, {
        ...{ seed, name: `bad_${accused.number}`, steps: 0, instances: 2, perCall: 60, patience: 8_000 },
        ...{ build: buildKnownBadConsumer(accused), course: work(accused), until: untilOf(accused) },
      })
      const found = report.verdict[accused.convictedOf].length
      console.log(`seed ${seed}: ${found} ${accused.convictedOf} of ${report.events} events`)
      expect(found, `replay with ONEWRITE_SEED=${seed}`).toBeGreaterThan(0)
    })
  },
)
