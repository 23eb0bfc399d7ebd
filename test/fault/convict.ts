import type { Verdict } from '../../src/testing/history.ts'
import { type CampaignOptions, runCampaignOn } from './campaign.ts'
import { buildKnownBad, type KnownBad } from './known-bad.ts'
import { seedOf } from './seed.ts'
import type { Servers } from './servers.ts'

export interface Case extends KnownBad {
  readonly convictedOf: keyof Verdict
  readonly campaign: Omit<CampaignOptions, 'seed' | 'build'>
}

let cases = 0

export interface Conviction {
  readonly seed: number
  /** Events that the build is convicted of. */
  readonly found: number
}

/** Runs the campaign of a case against its build. */
export const convict = async (servers: Servers, accused: Case): Promise<Conviction> => {
  const seed = seedOf()
  const { convictedOf, campaign } = accused
  const relay = `bad-${++cases}`
  const report = await runCampaignOn(servers, relay, { ...campaign, seed, build: buildKnownBad(accused) })
  const found = report.verdict[convictedOf].length
  console.log(
    `seed ${seed}: ${found} ${convictedOf} of ${report.events} events, ended by ${JSON.stringify(report.hits)}`,
  )
  return { seed, found }
}
