import { isOnewriteError } from '../error/onewrite-error.ts'
import type { Logger } from '../lifecycle/logger.ts'
import type { Publishing, Topic } from '../transport/publisher.ts'
import { refusedBy } from '../transport/refused.ts'

/** The topic that a refusal is about; undefined where it is about something else. */
const refusedTopic = (error: unknown): string | undefined =>
  isOnewriteError(error, 'PUBLISH_REFUSED') && refusedBy(error)?.scope === 'topic'
    ? String(error.parameters.topic)
    : undefined

/**
 * Creates topics at the beginning of each leadership. One that this service may neither create nor see must not hold up
 * the others: it is left out from then on, and its records are quarantined.
 */
export const topicCreation = (
  publishing: Publishing,
  topics: readonly Topic[],
  logger: Logger,
): (() => Promise<void>) => {
  const refused = new Set<string>()
  return async () => {
    for (;;) {
      const left = topics.filter(({ name }) => !refused.has(name))
      if (left.length === 0) return
      try {
        return await publishing.createTopics(left)
      } catch (error) {
        const topic = refusedTopic(error)
        if (topic === undefined || refused.has(topic)) throw error
        refused.add(topic)
        logger.warn({ topic, error: String(error) }, 'the topic may not be created')
      }
    }
  }
}
