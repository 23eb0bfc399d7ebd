import type { Consumer } from '../consumer/consumer.ts'
import { isTopicMessage } from '../consumer/message/topic-message.ts'
import { dlqTopic } from '../consumer/quarantine/dlq.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { Definition } from '../message/definition.ts'
import type { TopicStrategy } from '../message/topic.ts'

const isConsumer = (value: unknown): value is Consumer =>
  typeof value === 'object' && value !== null && 'name' in value && 'handlers' in value && 'plan' in value

/** What is wrong with the option `consumers`; undefined where nothing is. */
export const consumersFault = (value: unknown): string | undefined => {
  if (!Array.isArray(value)) return 'is not a list of consumers'
  const strangers = value.findIndex((one) => !isConsumer(one))
  if (strangers >= 0) return `has at ${strangers} what was not made by consumer()`
  const names = value.filter(isConsumer).map(({ name }) => name)
  const repeated = [...new Set(names.filter((name, place) => names.indexOf(name) !== place))]
  return repeated.length === 0 ? undefined : `has two consumers called ${repeated.join(', and two called ')}`
}

/** Definitions of the events that a consumer handles, messages of others aside. */
export const definitionsOf = ({ handlers }: Consumer): readonly Definition[] =>
  handlers.flatMap(({ definition }) => (isTopicMessage(definition) ? [] : [definition]))

/**
 * Where what a consumer handles is found.
 *
 * @throws INVALID_CONFIG where the strategy names a topic that cannot be
 */
export const consumerTopics = ({ name, handlers }: Consumer, topicOf: TopicStrategy): readonly string[] => {
  const topics = handlers.map(({ definition }) => {
    try {
      return isTopicMessage(definition) ? definition.topic : topicOf(definition)
    } catch (cause) {
      const faults = `the topic of ${definition.type}, which consumer ${name} handles, is not known: ${String(cause)}`
      throw new OnewriteError('INVALID_CONFIG', { faults }, { cause })
    }
  })
  return [...new Set(topics)]
}

/** Where what consumers park is copied to. */
export const dlqTopics = (
  consumers: readonly Consumer[],
  topicOf: TopicStrategy,
): readonly { readonly name: string }[] => {
  const topics = consumers.flatMap((one) => consumerTopics(one, topicOf))
  const names = topics.map(dlqTopic).filter((name) => name !== undefined)
  return [...new Set(names)].map((name) => ({ name }))
}
