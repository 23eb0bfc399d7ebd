import type { Consumer } from '../consumer/consumer.ts'
import { keepInbox } from '../consumer/inbox/keep.ts'
import { runConsumer } from '../consumer/run-consumer.ts'
import { isOnewriteError, OnewriteError } from '../error/onewrite-error.ts'
import type { Logger } from '../lifecycle/logger.ts'
import type { Loop } from '../lifecycle/loop.ts'
import { pause } from '../lifecycle/pause.ts'
import type { TopicStrategy } from '../message/topic.ts'
import type { Database } from '../postgres/database.ts'
import type { Subscribing } from '../transport/subscriber.ts'
import type { Transport } from '../transport/transport.ts'
import { checkedSubscribing } from './checked-subscribing.ts'
import { consumerTopics, dlqTopics } from './consumers-option.ts'
import { topicCreation } from './create-topics.ts'

export interface ConsumingPlan {
  readonly consumers: readonly Consumer[]
  /** Those that a consumer may use for events that it runs apart. */
  connections(consumer: Consumer): number
  /** False: topics are not ours to create. */
  readonly createTopics: boolean
  readonly database: Database
  readonly transport: Transport
  readonly topicOf: TopicStrategy
  readonly logger: Logger
  /** Something was recorded: emitted events, or copies of dead letters. */
  readonly recorded: () => void
}

export interface StartedConsuming {
  readonly loops: readonly Loop[]
  /** Why consumers may not read; nothing where they may, or where the transport does not say so soon. */
  readonly refused: Promise<OnewriteError | undefined>
}

/** @throws INVALID_CONFIG */
export const subscribingOf = (
  { name, subscribing }: Transport,
  consumers: readonly Consumer[],
): Subscribing => {
  if (subscribing !== undefined) return subscribing
  const names = consumers.map((one) => one.name).join(', ')
  const faults = `the transport ${name} delivers nothing to consumers: ${names}`
  throw new OnewriteError('INVALID_CONFIG', { faults })
}

const askedFor = 5_000

/** A service starts although its transport is away; the consumer then asks again before it reads. */
const refusalOf = async (check: Promise<void>): Promise<OnewriteError | undefined> => {
  const over = new AbortController()
  const answer = check.then(
    () => undefined,
    (error: unknown) => (isOnewriteError(error, 'RETENTION_MISMATCH') ? error : undefined),
  )
  const late = pause(askedFor, over.signal).then(() => undefined)
  return Promise.race([answer, late]).finally(() => over.abort())
}

const nothing = async (): Promise<void> => undefined

const startConsumer = (plan: ConsumingPlan, consumer: Consumer) => {
  const { consumers, database, transport, topicOf, logger, recorded } = plan
  const topics = consumerTopics(consumer, topicOf)
  // The relay that leads creates its own topics; it may be of a version that does not know this consumer yet.
  const copies = plan.createTopics ? dlqTopics([consumer], topicOf) : []
  const prepare =
    transport.publishing === undefined ? nothing : topicCreation(transport.publishing, copies, logger)
  const subscribing = checkedSubscribing(subscribingOf(transport, consumers), consumer, prepare)
  // Without a relay nothing would move the copies; whoever wants them reads the dead letters.
  const publishing = transport.publishing !== undefined
  const running = runConsumer({
    ...{ consumer, database, subscribing, topics, connections: plan.connections(consumer) },
    ...{ publishing, recorded, logger },
  })
  return { running, refusal: refusalOf(subscribing.check(topics)) }
}

/** Starts consumers and what keeps their inbox. */
export const startConsumers = (plan: ConsumingPlan): StartedConsuming => {
  const { consumers, database, logger } = plan
  if (consumers.length === 0) return { loops: [], refused: Promise.resolve(undefined) }
  const started = consumers.map((one) => startConsumer(plan, one))
  const window = Math.max(...consumers.map((one) => one.plan.inboxWindow))
  const loops = [...started.map(({ running }) => running), keepInbox({ database, window, logger })]
  for (const one of loops) one.start()
  const refusals = Promise.all(started.map(({ refusal }) => refusal))
  return { loops, refused: refusals.then((found) => found.find((one) => one !== undefined)) }
}
