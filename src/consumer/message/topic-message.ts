import { OnewriteError } from '../../error/onewrite-error.ts'
import { aggregateIdFault } from '../../message/aggregate-id-fault.ts'
import type { Definition } from '../../message/definition.ts'
import { faultList } from '../../message/fault-path.ts'
import { validateData } from '../../message/validate-data.ts'
import type { DeliveredRecord } from '../../transport/subscriber.ts'
import { type Decoding, json } from './decoding.ts'
import { topicMessageFaults } from './faults.ts'

/** What becomes of a record that cannot be read. */
export type WhenUnreadable = 'park' | 'skip'

export interface TopicMessageOptions<Data> {
  /** Where it is read from. */
  readonly topic: string
  /** What the messages are about: those of one aggregate are handled in order, whatever topic they come from. */
  readonly aggregate: string
  /** Any Standard Schema that validates synchronously. Handlers get its output. */
  readonly data: Definition<string, Data>['schema']
  /** Default `json()`. */
  readonly decode?: Decoding
  /**
   * Id of the aggregate where the record has no key. The data is then read as soon as the record is there, and kept
   * until it is handled: 6 us instead of 1 for a message of 1 KB, also for one that was seen before.
   */
  readonly key?: (data: Data) => string
  /**
   * What tells the message from others of its type, where no header does: the same id has one effect. Undefined where
   * the data holds none. Costs what `key` costs.
   */
  readonly id?: (data: Data, record: DeliveredRecord) => string | undefined
  /** What becomes of a message that cannot be read: `park` (default), or `skip`: logged, counted and passed over. */
  readonly unreadable?: WhenUnreadable
}

/** What the data of a message says of it. */
export interface Accepted<Data = unknown> {
  readonly data: Data
  readonly id: string | undefined
  readonly key: string | undefined
}

/** A type of message of a topic that onewrite does not write. */
export interface TopicMessage<Type extends string = string, Data = unknown> {
  readonly kind: 'topic-message'
  readonly type: Type
  readonly topic: string
  readonly aggregate: string
  readonly decode: Decoding
  readonly unreadable: WhenUnreadable
  /** Which of id and key are asked of the data. */
  readonly asks: { readonly id: boolean; readonly key: boolean }
  /** @throws INVALID_MESSAGE */
  accept(data: unknown, record: DeliveredRecord): Accepted<Data>
}

/** What a consumer can have a handler for. */
export type Consumable = Definition | TopicMessage

export const isTopicMessage = (definition: Consumable): definition is TopicMessage =>
  definition.kind === 'topic-message'

const idFault = (id: unknown): string | undefined =>
  id === undefined || (typeof id === 'string' && id !== '') ? undefined : 'must be a text that is not empty'

const present = (what: string, fault: string | undefined): string[] =>
  fault === undefined ? [] : [`the ${what} ${fault}`]

/** Long lists and long names end here: a cause is read by people. */
const mostFaults = 1_000

const accepting =
  <Data>(type: string, options: TopicMessageOptions<Data>) =>
  (data: unknown, record: DeliveredRecord): Accepted<Data> => {
    const refuse = (faults: readonly string[]): OnewriteError =>
      new OnewriteError('INVALID_MESSAGE', {
        type,
        topic: options.topic,
        faults: faultList(faults).slice(0, mostFaults),
      })
    const validated = validateData(type, options.data, data)
    if ('faults' in validated) throw refuse(validated.faults)
    const key = options.key?.(validated.data)
    const id = options.id?.(validated.data, record)
    const faults = [
      ...present('key', options.key === undefined ? undefined : aggregateIdFault(key)),
      ...present('id', idFault(id)),
    ]
    if (faults.length > 0) throw refuse(faults)
    return { data: validated.data, id, key }
  }

/**
 * Declares the messages of a topic that onewrite does not write, to be given to `on`.
 *
 * @throws INVALID_DEFINITION with every fault of the options
 */
export const topicMessage = <const Type extends string, Data>(
  type: Type,
  options: TopicMessageOptions<Data>,
): TopicMessage<Type, Data> => {
  const faults = topicMessageFaults(type, options)
  if (faults.length > 0) throw new OnewriteError('INVALID_DEFINITION', { type, faults: faultList(faults) })
  const { topic, aggregate, decode = json(), unreadable = 'park' } = options
  return Object.freeze({
    kind: 'topic-message',
    type,
    topic,
    aggregate,
    decode,
    unreadable,
    asks: { id: options.id !== undefined, key: options.key !== undefined },
    accept: accepting(type, options),
  })
}
