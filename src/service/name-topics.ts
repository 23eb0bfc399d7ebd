import { encodeDeadLetter } from '../consumer/quarantine/dlq-copy.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { RawEvent } from '../message/raw-event.ts'
import { toRecord } from '../message/to-record.ts'
import { type TopicStrategy, topicNaming } from '../message/topic.ts'
import { consumerTopics, definitionsOf } from './consumers-option.ts'
import type { ServiceOptions } from './service-options.ts'

export interface Naming {
  readonly topicOf: TopicStrategy
  /** The record of whatever the log holds: an event, or the copy of a dead letter. */
  readonly encode: (event: RawEvent) => OutgoingRecord
}

/**
 * Where the events of a service go, and those come from that its consumers handle.
 *
 * @throws INVALID_CONFIG where the topic of a handled event is not known
 */
export const nameTopics = ({ name, topic, events = [], consumers = [] }: ServiceOptions): Naming => {
  const topicOf = topicNaming({
    // What this service records itself wins.
    definitions: [...consumers.flatMap(definitionsOf), ...events],
    ...(topic === undefined ? {} : { strategy: topic }),
  })
  for (const one of consumers) consumerTopics(one, topicOf)
  const encode = (event: RawEvent) =>
    encodeDeadLetter(event) ?? toRecord(event, { source: `/${name}`, topicOf })
  return { topicOf, encode }
}
