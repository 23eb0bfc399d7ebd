import { OnewriteError } from '../error/onewrite-error.ts'
import type { Logger } from '../lifecycle/logger.ts'
import type { Loop } from '../lifecycle/loop.ts'
import type { Definition } from '../message/definition.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { TopicStrategy } from '../message/topic.ts'
import type { Database } from '../postgres/database.ts'
import { outboxSource } from '../relay/outbox/source.ts'
import { type Relay, type RelayOptions, relay } from '../relay/relay.ts'
import { shardedRelay } from '../relay/shard/sharded-relay.ts'
import { delivering } from '../transport/deliver.ts'
import type { LogSubscribeOptions } from '../transport/postgres.ts'
import type { Publishing, Topic } from '../transport/publisher.ts'
import type { DeliveredRecord } from '../transport/subscriber.ts'
import type { Transport } from '../transport/transport.ts'
import { dlqTopics } from './consumers-option.ts'
import { topicCreation } from './create-topics.ts'
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
  const { createTopics = [], consumers = [] } = options
  if (createTopics === false) return []
  const events = definitions.filter(({ kind }) => kind === 'event').map((event) => ({ name: topicOf(event) }))
  const deadLetters = dlqTopics(consumers, topicOf)
  const named = createTopics.map((topic) => (typeof topic === 'string' ? { name: topic } : topic))
  // The last of a name wins: what was asked for with partitions beats what an event implies.
  return [...new Map([...events, ...deadLetters, ...named].map((topic) => [topic.name, topic])).values()]
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

/** What all relays of a service have in common. */
const commonOf = ({ options, database, logger }: PublishingPlan, publishing: Publishing) => {
  const { delivery, leaseTtl, published } = options
  return {
    database,
    publishing,
    logger,
    ...(delivery === undefined ? {} : { delivery }),
    ...(leaseTtl === undefined ? {} : { leaseTtl }),
    ...(published === undefined ? {} : { published: guarded(published, logger) }),
  } satisfies Partial<RelayOptions>
}

const startRelay = (plan: PublishingPlan, publishing: Publishing): Relay => {
  const { options, database, encode } = plan
  const { name, shards } = options
  const topics = topicsOf(plan)
  const started = shardedRelay({
    ...commonOf(plan, publishing),
    name,
    sourceOf: (part) => relaySource(options, database, encode, part),
    divisible: (options.source ?? 'table') === 'table',
    ...(shards === undefined ? {} : { shards }),
    prepare: topicCreation(publishing, topics, plan.logger),
  })
  started.start()
  return started
}

const text = (bytes: Buffer | null): string | null => (bytes === null ? null : bytes.toString())

/** As a relay hands it on: what the log carries is text. */
const toOutgoing = ({ topic, key, value, headers }: DeliveredRecord): OutgoingRecord => ({
  topic,
  key: text(key),
  value: text(value),
  headers: Object.fromEntries(headers.map(([name, header]) => [name, header?.toString() ?? ''])),
})

/** Without a broker an event has left once subscribers can read it. Ends when the log or the transport is closed. */
const tellSubscribed = ({ options, transport, logger }: PublishingPlan): void => {
  const { published, name } = options
  if (published === undefined || transport.subscribing === undefined) return
  const tell = guarded(published, logger)
  const member = delivering(async (records) => tell(records.map(toOutgoing)))
  // One partition: told in the order of the log, as by a relay.
  const group: LogSubscribeOptions = { group: `published/${name}`, partitions: 1 }
  transport.subscribing.subscribe(group, member)
}

/** One relay per outbox; the topics of those are not ours to create. */
const startOutboxes = (plan: PublishingPlan, publishing: Publishing): readonly Relay[] => {
  const { options, database } = plan
  const { name, outboxes = {}, walBudget, beyondBudget } = options
  const budget = {
    ...(walBudget === undefined ? {} : { walBudget }),
    ...(beyondBudget === undefined ? {} : { beyondBudget }),
  }
  return Object.entries(outboxes).map(([key, outbox]) => {
    const source = outboxSource({ database, outbox, ...budget })
    const started = relay({ ...commonOf(plan, publishing), name: `${name}.${key}`, source })
    started.start()
    return started
  })
}

/** A relay where the transport needs one; otherwise subscribers read the log, and only `published` is told. */
export const startPublishing = (plan: PublishingPlan): StartedPublishing => {
  const { publishing } = plan.transport
  if (publishing === undefined) {
    if (Object.keys(plan.options.outboxes ?? {}).length > 0) {
      const faults = 'outboxes are published to a broker; give the service transport: kafka(…)'
      throw new OnewriteError('INVALID_CONFIG', { faults })
    }
    tellSubscribed(plan)
    return { loops: [], poke: () => undefined }
  }
  const started = startRelay(plan, publishing)
  return { loops: [started, ...startOutboxes(plan, publishing)], poke: started.poke }
}
