import { expect, it } from 'vitest'
import { z } from 'zod'
import { consumer } from '../../src/consumer/consumer.ts'
import { receiver } from '../../src/consumer/message/receive.ts'
import { topicMessage } from '../../src/consumer/message/topic-message.ts'
import { on } from '../../src/consumer/on.ts'
import { foreign } from './delivered.ts'

const valid = { topic: 'order.cancelled', aggregate: 'order', data: z.object({}) }

/** A caller whose types were not checked. */
const declare = (type: unknown, options: object): unknown =>
  Reflect.apply(topicMessage, undefined, [type, options])

it.each([
  ['no type', '', {}, 'the type ""'],
  ['no topic', 'a.b', { topic: undefined }, 'a topic needs a name'],
  ['a topic that Kafka refuses', 'a.b', { topic: 'a b' }, 'may hold letters'],
  ['no aggregate', 'a.b', { aggregate: 7 }, 'aggregate must be a text'],
  ['no schema', 'a.b', { data: {} }, 'data must be a Standard Schema'],
  ['a decoder that is none', 'a.b', { decode: 'json' }, 'decode must be json() or cloudEvents()'],
  ['a key that is no function', 'a.b', { key: 'orderId' }, 'key must be a function of the data'],
  ['an id that is no function', 'a.b', { id: 'eventId' }, 'id must be a function of the data'],
  ['an unknown policy', 'a.b', { unreadable: 'ignore' }, 'unreadable must be park or skip'],
  ['a misspelt option', 'a.b', { topics: [] }, 'unknown option topics, did you mean topic?'],
])('a declaration with %s is refused', (_, type, change, fault) => {
  expect(() => declare(type, { ...valid, ...change })).toThrow(fault)
})

it('every fault is named at once', () => {
  const faults = /the type.*a topic needs a name.*aggregate must be.*data must be.*unreadable must be/
  expect(() => declare(7, { unreadable: 1 })).toThrow(faults)
})

it('a declaration does not change', () => {
  expect(Object.isFrozen(topicMessage('a.b', valid))).toBe(true)
})

it('a type may come through several topics, and has one handler in each', () => {
  const handler = (topic: string) => on(topicMessage('a.b', { ...valid, topic }), () => undefined)
  const handlers = [handler('one'), handler('two')]
  expect(consumer('both', handlers).handlers).toEqual(handlers)
  const receive = receiver(handlers)
  const found = ['one', 'two'].map((topic) => receive(foreign({ topic })))
  expect(found).toMatchObject([{ handler: handlers[0] }, { handler: handlers[1] }])
  expect(() => consumer('twice', [handler('one'), handler('one')])).toThrow(
    'two handlers of a.b in topic one',
  )
})
