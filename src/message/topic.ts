import { OnewriteError } from '../error/onewrite-error.ts'
import type { Definition } from './definition.ts'
import { topicFault } from './topic-fault.ts'

/** What a topic is named by. Never the data: whoever writes data must not choose where it goes. */
export interface TopicSubject {
  readonly aggregate: string
  readonly type: string
}

export type TopicStrategy = (event: TopicSubject) => string

const fixed = (topic: string): TopicStrategy => {
  const fault = topicFault(topic)
  if (fault !== undefined) throw new OnewriteError('INVALID_CONFIG', { faults: fault })
  return () => topic
}

/** Presets. A strategy of one's own is any function from aggregate and type to a name. */
export const topics = {
  /** `order.events`, the default. */
  aggregateEvents: ({ aggregate }: TopicSubject) => `${aggregate}.events`,
  /** `order-events` */
  aggregateDashEvents: ({ aggregate }: TopicSubject) => `${aggregate}-events`,
  /** `outbox.event.order`, the default of Debezium's EventRouter. */
  debezium: ({ aggregate }: TopicSubject) => `outbox.event.${aggregate}`,
  /** `order.created` */
  eventType: ({ type }: TopicSubject) => type,
  /**
   * One topic for everything.
   *
   * @throws INVALID_CONFIG
   */
  fixed,
} as const

const mostRemembered = 10_000

export interface TopicNaming {
  /** Default `topics.aggregateEvents`. */
  readonly strategy?: TopicStrategy
  /** A definition's own topic wins over the strategy. */
  readonly definitions?: Iterable<Definition>
}

/**
 * Names the topic of an event; the same aggregate and type always give the same topic, so each is named and
 * checked once.
 *
 * @throws INVALID_RECORD (from the returned function) when the strategy gives a name that Kafka refuses
 */
export const topicNaming = ({
  strategy = topics.aggregateEvents,
  definitions = [],
}: TopicNaming = {}): TopicStrategy => {
  const own = new Map([...definitions].map(({ type, topic }) => [type, topic]))
  const named = new Map<string, string>()
  return (event) => {
    // A line feed is in neither name.
    const key = `${event.aggregate}\n${event.type}`
    const known = named.get(key)
    if (known !== undefined) return known
    const topic = own.get(event.type) ?? strategy(event)
    const fault = topicFault(topic)
    if (fault !== undefined) throw new OnewriteError('INVALID_RECORD', { topic, faults: fault })
    // Rows written by other hands may bring any number of types: memory stays bounded.
    if (named.size >= mostRemembered) named.clear()
    named.set(key, topic)
    return topic
  }
}
