import type { Publisher } from '../transport/publisher.ts'
import type { PublishingFixture } from './publishing-fixture.ts'

/** Opens a publisher of a name of its own, and closes it in the end. */
export const withPublisher = async (
  { publishing, uniqueName }: PublishingFixture,
  use: (publisher: Publisher) => Promise<void>,
): Promise<void> => {
  const publisher = await publishing.publisher({ name: uniqueName('publisher') })
  try {
    await use(publisher)
  } finally {
    await publisher.close()
  }
}
