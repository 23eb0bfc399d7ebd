import type { TopicRetention } from '../transport/subscriber.ts'
import { describeCluster, type Settings } from './describe-cluster.ts'
import type { KafkaConfig } from './options.ts'

/** Compaction alone keeps the last record of every key for ever; beside deletion, age counts. */
const keeps = (settings: Settings): number | undefined => {
  const [policy, age] = [settings.get('cleanup.policy'), settings.get('retention.ms')]
  if (policy === undefined || age === undefined) return undefined
  const milliseconds = Number(age)
  return policy.includes('delete') && milliseconds >= 0 ? milliseconds : Number.POSITIVE_INFINITY
}

/**
 * How the topics that exist, and may be asked about, are set.
 *
 * @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION
 */
export const topicRetention = async (
  config: KafkaConfig,
  topics: readonly string[],
): Promise<readonly TopicRetention[]> => {
  const wanted = new Set(topics)
  const found = await describeCluster(config, {
    topics: (name) => wanted.has(name),
    brokerSettings: ['log.retention.ms'],
    topicSettings: ['retention.ms', 'cleanup.policy'],
  })
  return found.topics.flatMap(({ name, settings }) => {
    const known = keeps(settings)
    return known === undefined ? [] : [{ topic: name, keeps: known }]
  })
}
