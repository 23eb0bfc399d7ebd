import type { Logger } from '../lifecycle/logger.ts'
import type { TopicDescription } from './client.ts'
import type { Consumer } from './consumer.ts'

export interface TopicWatchOptions {
  readonly consumer: Consumer
  readonly topics: readonly string[]
  readonly logger: Logger
  readonly fields: object
  /** The topic was deleted and made anew since the last look. */
  renewed(topic: string): void
}

/** Looks after the topics themselves. */
export interface TopicWatch {
  /** Resolves with why topics cannot be read; undefined where all can. */
  look(): Promise<string | undefined>
}

const askTimeout = 5_000
const grace = 1_000

interface Known {
  readonly id: string | undefined
  readonly partitions: number
  readonly fault: string | undefined
}

const knownOf = ({ error, topicId, partitions }: TopicDescription): Known => ({
  id: error === undefined ? topicId?.base64 : undefined,
  partitions: partitions.length,
  fault: error?.message,
})

const describe = ({ consumer, topics }: TopicWatchOptions): Promise<readonly TopicDescription[]> =>
  consumer.calls.call('asking for topics', askTimeout + grace, (callback) =>
    consumer.admin.describeTopics(topics, { timeout: askTimeout }, callback),
  )

/** What the client notices by itself; the log says so. */
const tell = (
  { logger, fields }: TopicWatchOptions,
  topic: string,
  before: Known | undefined,
  now: Known,
): void => {
  const told = { ...fields, topic }
  if (now.fault !== undefined) {
    if (before?.fault !== now.fault) logger.warn({ ...told, reason: now.fault }, 'a topic cannot be read')
  } else if (before?.fault !== undefined) {
    logger.info(told, 'a topic can be read now')
  } else if (before !== undefined && now.partitions > before.partitions) {
    logger.info({ ...told, partitions: now.partitions }, 'a topic has more partitions')
  }
}

export const topicWatch = (options: TopicWatchOptions): TopicWatch => {
  const known = new Map<string, Known>()
  /** The last id of each topic that there was, whatever became of the topic since. */
  const ids = new Map<string, string>()

  /** The client may take a topic that was made anew for the same. */
  const compareIds = (topic: string, id: string | undefined): void => {
    const before = ids.get(topic)
    if (id !== undefined) ids.set(topic, id)
    if (id === undefined || before === undefined || before === id) return
    options.logger.warn({ ...options.fields, topic }, 'a topic was made anew: it is read from its beginning')
    options.renewed(topic)
  }
  return {
    look: async () => {
      for (const description of await describe(options)) {
        const { name } = description
        const now = knownOf(description)
        tell(options, name, known.get(name), now)
        known.set(name, now)
        compareIds(name, now.id)
      }
      const faults = [...known].flatMap(([topic, { fault }]) =>
        fault === undefined ? [] : `${topic}: ${fault}`,
      )
      return faults.length === 0 ? undefined : faults.join('; ')
    },
  }
}
