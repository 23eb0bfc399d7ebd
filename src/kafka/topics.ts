import { OnewriteError } from '../error/onewrite-error.ts'
import { pause } from '../lifecycle/pause.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Topic } from '../transport/publisher.ts'
import { publishRefused, refusedRecord } from '../transport/refused.ts'
import { clientError } from './call.ts'
import type { Metadata } from './client.ts'
import type { KafkaConfig } from './options.ts'
import type { Producer } from './producer.ts'
import { publishError } from './publish-error.ts'

const requestTimeout = 5_000
/** A topic that was just created is known to every broker well within this time. */
const appearTimeout = 5_000
const askAgain = 100
const alreadyExists = 36
const topicAuthorizationFailed = 29

const hasLeaders = ({ topics }: Metadata, name: string): boolean => {
  const partitions = topics.find((topic) => topic.name === name)?.partitions ?? []
  return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)
}

const isThere = async ({ calls, handle }: Producer, name: string): Promise<boolean> => {
  const metadata = await calls
    .call<Metadata>('asking for a topic', requestTimeout + 1_000, (callback) =>
      handle.getMetadata({ topic: name, allTopics: false, timeout: requestTimeout }, callback),
    )
    .catch(() => undefined)
  return metadata !== undefined && hasLeaders(metadata, name)
}

/** The answer for all topics together says only that a topic is not there, not that it may not be seen. */
const whyAbsent = async (
  producer: Producer,
  topic: string,
  records: readonly OutgoingRecord[],
): Promise<OnewriteError> => {
  const { calls, admin } = producer
  const [described] = await calls
    .call<readonly { readonly error?: { readonly code: number; readonly message: string } }[]>(
      'asking for a topic',
      requestTimeout + 1_000,
      (callback) => admin.describeTopics([topic], { timeout: requestTimeout }, callback),
    )
    .catch(() => [])
  if (described?.error?.code !== topicAuthorizationFailed)
    return new OnewriteError('TOPIC_MISSING', { topic })
  const refused = records.filter((record) => record.topic === topic).map(refusedRecord)
  return publishRefused(topic, described.error.message, { scope: 'topic', exact: true, records: refused })
}

/**
 * Waits until every partition of a topic has a leader. A broker that creates topics by itself does so here. A refusal
 * names those of the records that are for this topic.
 *
 * @throws TOPIC_MISSING, PUBLISH_REFUSED, after 5 seconds
 */
export const awaitTopic = async (
  producer: Producer,
  topic: string,
  records: readonly OutgoingRecord[] = [],
): Promise<void> => {
  const deadline = performance.now() + appearTimeout
  while (!(await isThere(producer, topic))) {
    if (performance.now() >= deadline) throw await whyAbsent(producer, topic, records)
    await pause(askAgain)
  }
}

/** Looks for each topic once: a record for a missing one would wait in the client for half a minute. */
export const topicGuard = (producer: Producer): ((records: readonly OutgoingRecord[]) => Promise<void>) => {
  const known = new Set<string>()
  return async (records) => {
    for (const { topic } of records) {
      if (known.has(topic)) continue
      await awaitTopic(producer, topic, records)
      known.add(topic)
    }
  }
}

/**
 * Creates a topic unless it exists, and waits until it can be written.
 *
 * @throws PUBLISH_REFUSED, TOPIC_MISSING, PUBLISH_UNKNOWN
 */
export const createTopic = async (
  producer: Producer,
  config: KafkaConfig,
  { name, partitions }: Topic,
  topicConfig: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const topic = {
    topic: name,
    num_partitions: partitions ?? config.partitions,
    replication_factor: config.replicationFactor,
    config: topicConfig,
  }
  if (await isThere(producer, name)) return
  await producer.calls
    .call('creating a topic', requestTimeout + 1_000, (callback) =>
      producer.admin.createTopic(topic, requestTimeout, callback),
    )
    .catch((error: unknown) => {
      const { code, message } = clientError(error)
      if (code === alreadyExists) return
      if (code === topicAuthorizationFailed) {
        throw publishRefused(name, message, { scope: 'topic', exact: true, records: [] }, { cause: error })
      }
      if (code > 0)
        throw new OnewriteError('PUBLISH_REFUSED', { topic: name, cause: message }, { cause: error })
      throw publishError(clientError(error), {
        name: config.clientId,
        brokers: config.brokers,
        topic: name,
        fenced: false,
      })
    })
  await awaitTopic(producer, name)
}
