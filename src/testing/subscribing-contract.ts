import type { ContractCase } from './contract-case.ts'
import { deliveryCases } from './delivery-cases.ts'
import { partitionCases } from './partition-cases.ts'
import { progressCases } from './progress-cases.ts'
import { recordCases } from './record-cases.ts'
import { silenceCases } from './silence-cases.ts'
import type { SilenceFixture, SubscribingFixture } from './subscribing-fixture.ts'

/**
 * What every transport that delivers promises; used as `publishingContract` is. A case waits up to a minute for each of a
 * few conditions, so give it five.
 */
export const subscribingContract: readonly ContractCase<SubscribingFixture>[] = [
  ...deliveryCases,
  ...partitionCases,
  ...progressCases,
  ...recordCases,
]

/** What those promise beside that replace an instance of which nothing is heard. */
export const silenceContract: readonly ContractCase<SilenceFixture>[] = silenceCases
