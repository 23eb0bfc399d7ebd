import type { ConsumedEvent, ConsumedMessage } from '../message/consumed-event.ts'
import type { Definition } from '../message/definition.ts'
import type { Stored } from '../message/stored.ts'
import type { AnyHandler, Handler } from './handler.ts'
import type { Consumable, TopicMessage } from './message/topic-message.ts'

/** Says what a consumer does with events of one type, or with messages of a topic that onewrite does not write. */
export function on<Type extends string, Data>(
  definition: Definition<Type, Data>,
  handle: Handler<ConsumedEvent<Type, Stored<Data>>>,
): AnyHandler
export function on<Type extends string, Data>(
  message: TopicMessage<Type, Data>,
  handle: Handler<ConsumedMessage<Type, Data>>,
): AnyHandler
export function on(definition: Consumable, handle: AnyHandler['handle']): AnyHandler {
  return { definition, handle }
}
