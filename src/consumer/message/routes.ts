import type { AnyHandler } from '../handler.ts'
import type { Marks } from './marks.ts'
import { isTopicMessage, type TopicMessage } from './topic-message.ts'

/** A handler of messages that onewrite did not write. */
export interface MessageHandler extends AnyHandler {
  readonly definition: TopicMessage
}

export const isMessageHandler = (handler: AnyHandler): handler is MessageHandler =>
  isTopicMessage(handler.definition)

export interface Routes {
  /** What was declared of a topic that onewrite does not write. */
  messagesOf(topic: string): readonly MessageHandler[]
  /** Who handles a record. */
  find(topic: string, marks: Pick<Marks, 'type' | 'otherType'>): AnyHandler | undefined
}

const grouped = <Item>(items: readonly Item[], nameOf: (item: Item) => string): Map<string, Item[]> => {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const name = nameOf(item)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [item])
    else group.push(item)
  }
  return groups
}

const none: readonly MessageHandler[] = []

const only = <Item>(items: readonly Item[] | undefined): Item | undefined =>
  items?.length === 1 ? items[0] : undefined

/** A topic of one type says what its records are; so does a topic that was declared to hold plain JSON. */
export const routes = (handlers: readonly AnyHandler[]): Routes => {
  const messages = grouped(handlers.filter(isMessageHandler), ({ definition }) => definition.topic)
  const events = handlers.filter((handler) => !isMessageHandler(handler))
  const byType = new Map(events.map((handler) => [handler.definition.type, handler]))
  const byTopic = grouped(events, ({ definition }) => definition.topic ?? definition.type)

  const ofType = (declared: readonly MessageHandler[], type: string | undefined): AnyHandler | undefined =>
    type === undefined
      ? undefined
      : (declared.find(({ definition }) => definition.type === type) ?? byType.get(type))

  const ofTopic = (declared: readonly MessageHandler[], topic: string): AnyHandler | undefined => {
    if (declared.length === 0) return only(byTopic.get(topic))
    const message = only(declared)
    return message?.definition.decode.form === 'json' ? message : undefined
  }

  const messagesOf = (topic: string): readonly MessageHandler[] => messages.get(topic) ?? none
  return {
    messagesOf,
    find: (topic, { type, otherType }) => {
      const declared = messagesOf(topic)
      const known = ofType(declared, type ?? otherType)
      // A CloudEvent says for certain what it is, and what it is not.
      if (known !== undefined || (type !== undefined && declared.length === 0)) return known
      return ofTopic(declared, topic)
    },
  }
}
