import type { Logger } from '../lifecycle/logger.ts'
import type { Loop } from '../lifecycle/loop.ts'
import type { Definition } from '../message/definition.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { TopicStrategy } from '../message/topic.ts'
import type { Database } from '../postgres/database.ts'
import type { Relay } from '../relay/relay.ts'
import { shardedRelay } from '../relay/sharded-relay.ts'
import type { Publishing, Topic } from '../transport/publisher.ts'
import type { DeliveredRecord } from '../transport/subscriber.ts'
import type { Transport } from '../transport/transport.ts'
import { relaySource } from './relay-source.ts'
import type { ServiceOptions } from './service-options.ts'

export interface PublishingPlan {
  readonly options: ServiceOptions
  readonly database: Database
  readonly transport: Transport
  readonly definitions: readonly Definition[]
  readonly topicOf: TopicStrategy
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly logger: Logger
}

export interface StartedPublishing {
  readonly loops: readonly Loop[]
  poke(): void
}

const topicsOf = ({ options, definitions, topicOf }: PublishingPlan): readonly Topic[] => {
  const { createTopics = [] } = options
  if (createTopics === false) return []
  const events = definitions.filter(({ kind }) => kind === 'event').map((event) => ({ name: topicOf(event) }))
  const named = createTopics.map((topic) => (typeof topic === 'string' ? { name: topic } : topic))
  // The last of a name wins: what was asked for with partitions beats what an event implies.
  return [...new Map([...events, ...named].map((topic) => [topic.name, topic])).values()]
}

type Published = (records: readonly OutgoingRecord[]) => void

/** The records have left already: what a listener throws must not look like a failure to publish. */
const guarded =
  (published: Published, logger: Logger): Published =>
  (records) => {
    try {
      published(records)
    } catch (error) {
      logger.error({ error: String(error) }, 'the published callback threw')
    }
  }

const startRelay = (plan: PublishingPlan, publishing: Publishing): Relay => {
  const { options, database, encode, logger } = plan
  const { name, delivery, leaseTtl, published, shards } = options
  const topics = topicsOf(plan)
  const started = shardedRelay({
    name,
    database,
    publishing,
    sourceOf: (part) => relaySource(options, database, encode, part),
    divisible: (options.source ?? 'table') === 'table',
    ...(shards === undefined ? {} : { shards }),
    logger,
    prepare: async () => {
      if (topics.length > 0) await publishing.createTopics(topics)
    },
    ...(delivery === undefined ? {} : { delivery }),
    ...(leaseTtl === undefined ? {} : { leaseTtl }),
    ...(published === undefined ? {} : { published: guarded(published, logger) }),
  })
  started.start()
  return started
}

const toOutgoing = ({ topic, key, value, headers }: DeliveredRecord): OutgoingRecord => ({
  topic,
  key,
  value: value === null ? null : value.toString(),
  headers,
})

/** Without a broker an event has left once subscribers can read it. Ends when the log or the transport is closed. */
const tellSubscribed = ({ options, transport, logger }: PublishingPlan): void => {
  const { published, name } = options
  if (published === undefined || transport.subscribing === undefined) return
  const tell = guarded(published, logger)
  transport.subscribing.subscribe({ group: `published/${name}` }, async (records) =>
    tell(records.map(toOutgoing)),
  )
}

/** A relay where the transport needs one; otherwise subscribers read the log, and only `published` is told. */
export const startPublishing = (plan: PublishingPlan): StartedPublishing => {
  const { publishing } = plan.transport
  if (publishing === undefined) {
    tellSubscribed(plan)
    return { loops: [], poke: () => undefined }
  }
  const started = startRelay(plan, publishing)
  return { loops: [started], poke: started.poke }
}
