import type { ContractCase } from './contract-case.ts'
import { publisherCases } from './publisher-cases.ts'
import type { PublishingFixture } from './publishing-fixture.ts'
import { refusalCases } from './refusal-cases.ts'
import { routingCases } from './routing-cases.ts'
import { transactionalCases } from './transactional-cases.ts'

/**
 * What every transport that publishes promises:
 * `for (const { name, run } of publishingContract) it(name, () => run(fixture))`
 */
export const publishingContract: readonly ContractCase<PublishingFixture>[] = [
  ...publisherCases,
  ...routingCases,
  ...refusalCases,
  ...transactionalCases,
]
