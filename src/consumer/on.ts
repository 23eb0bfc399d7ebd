import type { ConsumedEvent } from '../message/consumed-event.ts'
import type { Definition } from '../message/definition.ts'
import type { Stored } from '../message/stored.ts'
import type { AnyHandler, Handler } from './handler.ts'

/** Says what a consumer does with events of one type. */
export const on = <Type extends string, Data>(
  definition: Definition<Type, Data>,
  handle: Handler<ConsumedEvent<Type, Stored<Data>>>,
): AnyHandler => ({ definition, handle })
