import type { StandardSchemaV1 } from '@standard-schema/spec'
import { defineMessage, type MessageOptions } from './define-message.ts'
import type { MessageDefinition } from './definition.ts'

export type EventDefinition<Type extends string, Input, Data> = MessageDefinition<'event', Type, Input, Data>
export type CommandDefinition<Type extends string, Input, Data> = MessageDefinition<
  'command',
  Type,
  Input,
  Data
>

/**
 * Defines an event, a fact in the past tense: its type, schema, aggregate, version and upcasters in one
 * place. Call the definition with data to make a validated, frozen event.
 *
 * @throws INVALID_DEFINITION with every fault of the options
 */
export const event = <const Type extends string, Schema extends StandardSchemaV1>(
  type: Type,
  options: MessageOptions<Schema>,
): EventDefinition<Type, StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>> =>
  defineMessage('event', type, options)

/**
 * Defines a command, a request in the imperative. Same shape as `event`.
 *
 * @throws INVALID_DEFINITION with every fault of the options
 */
export const command = <const Type extends string, Schema extends StandardSchemaV1>(
  type: Type,
  options: MessageOptions<Schema>,
): CommandDefinition<Type, StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>> =>
  defineMessage('command', type, options)
