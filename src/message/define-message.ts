import type { StandardSchemaV1 } from '@standard-schema/spec'
import { OnewriteError } from '../error/onewrite-error.ts'
import { aggregateIdFault } from './aggregate-id-fault.ts'
import type { Definition, MessageDefinition, MessageKind, Upcaster } from './definition.ts'
import { definitionFaults } from './definition-faults.ts'
import { faultList } from './fault-path.ts'
import { frozenCopy } from './frozen-copy.ts'
import { defaultMaxEventBytes, jsonText } from './json-text.ts'
import type { NewEvent } from './new-event.ts'
import { type NewEventOptions, optionFaults } from './new-event-options.ts'
import { newId } from './new-id.ts'
import { keepPayloadText } from './payload-text.ts'
import { validateData } from './validate-data.ts'

export interface MessageOptions<Schema extends StandardSchemaV1> {
  /** Type of the aggregate, for example `order`; by default its topic is `order.events`. */
  readonly aggregate: string
  /**
   * Id of the aggregate: the key of the record and the unit of order. At most 500 bytes, without control
   * characters.
   */
  readonly id: (data: StandardSchemaV1.InferOutput<Schema>) => string
  /** Any Standard Schema that validates synchronously. */
  readonly data: Schema
  /** Version of the schema. Default 1. */
  readonly version?: number
  /** From each older version to the next: `{ 1: (old) => ({ ...old, totalAmount: old.total }) }`. */
  readonly upcast?: Readonly<Record<number, Upcaster>>
  /** Topic of this type alone. Default: the naming strategy of the relay. */
  readonly topic?: string
  /** Most bytes of the data as JSON. Default 1,000,000. */
  readonly maxEventBytes?: number
}

const check = <Data>(
  definition: Definition<string, Data>,
  idOf: (data: Data) => string,
  input: unknown,
  options: NewEventOptions,
): { readonly data: Data; readonly aggregateId: string } => {
  const { type } = definition
  const faults = optionFaults(options)
  const validated = validateData(type, definition.schema, input)
  if ('faults' in validated) {
    throw new OnewriteError('INVALID_EVENT', { type, faults: faultList([...validated.faults, ...faults]) })
  }
  const aggregateId = idOf(validated.data)
  const fault = aggregateIdFault(aggregateId)
  if (fault !== undefined) faults.unshift(`the id of ${definition.aggregate} ${fault}`)
  if (faults.length > 0) throw new OnewriteError('INVALID_EVENT', { type, faults: faultList(faults) })
  return { data: validated.data, aggregateId }
}

const makeEvent = <Type extends string, Data>(
  definition: Definition<Type, Data>,
  idOf: (data: Data) => string,
  input: unknown,
  options: NewEventOptions,
): NewEvent<Type, Data> => {
  const { type, version, aggregate } = definition
  const { data, aggregateId } = check(definition, idOf, input, options)
  const text = jsonText(data, { type, maxBytes: definition.maxEventBytes })
  const event: NewEvent<Type, Data> = Object.freeze({
    id: options.id?.toLowerCase() ?? newId(),
    type,
    version,
    aggregate,
    aggregateId,
    data: frozenCopy(data),
    occurredAt: options.occurredAt ?? new Date(),
    metadata: Object.freeze({ ...options.metadata }),
  })
  keepPayloadText(event, text)
  return event
}

/**
 * Defines a type of message once; see `event` and `command`.
 *
 * @throws INVALID_DEFINITION with every fault of the options
 */
export const defineMessage = <Kind extends MessageKind, Type extends string, Schema extends StandardSchemaV1>(
  kind: Kind,
  type: Type,
  options: MessageOptions<Schema>,
): MessageDefinition<
  Kind,
  Type,
  StandardSchemaV1.InferInput<Schema>,
  StandardSchemaV1.InferOutput<Schema>
> => {
  type Input = StandardSchemaV1.InferInput<Schema>
  type Data = StandardSchemaV1.InferOutput<Schema>
  const faults = definitionFaults(type, options)
  if (faults.length > 0) throw new OnewriteError('INVALID_DEFINITION', { type, faults: faultList(faults) })
  const schema: StandardSchemaV1<unknown, Data> = options.data
  const definition = {
    kind,
    type,
    aggregate: options.aggregate,
    version: options.version ?? 1,
    schema,
    upcast: Object.freeze({ ...options.upcast }),
    topic: options.topic,
    maxEventBytes: options.maxEventBytes ?? defaultMaxEventBytes,
  }
  const make = (data: Input, given: NewEventOptions = {}): NewEvent<Type, Data> =>
    makeEvent(definition, options.id, data, given)
  return Object.freeze(Object.assign(make, definition))
}
