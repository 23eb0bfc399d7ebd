import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { InvalidConfigError, InvalidDefinitionError, InvalidRecordError } from '../../src/error/classes.ts'
import { event } from '../../src/message/event.ts'
import { topicNaming, topics } from '../../src/message/topic.ts'

const created = { aggregate: 'order', type: 'order.created' }
const options = { aggregate: 'order', id: () => 'o-1', data: z.object({}) }

describe('the topic of an event', () => {
  it.each([
    ['aggregateEvents', topics.aggregateEvents, 'order.events'],
    ['aggregateDashEvents', topics.aggregateDashEvents, 'order-events'],
    ['debezium', topics.debezium, 'outbox.event.order'],
    ['eventType', topics.eventType, 'order.created'],
    ['fixed', topics.fixed('portal-event'), 'portal-event'],
    [
      'one of your own',
      ({ aggregate, type }: typeof created) => `${aggregate}_${type}`,
      'order_order.created',
    ],
  ])('is named by the strategy %s', (_, strategy, topic) => {
    expect(topicNaming({ strategy })(created)).toBe(topic)
  })

  it('is that of the aggregate by default', () => {
    expect(topicNaming()(created)).toBe('order.events')
  })

  it('is the one its definition names, where it does', () => {
    const definitions = [
      event('order.created', { ...options, topic: 'order.created' }),
      event('order.cancelled', options),
    ]
    const topicOf = topicNaming({ definitions })
    expect(topicOf(created)).toBe('order.created')
    expect(topicOf({ ...created, type: 'order.cancelled' })).toBe('order.events')
  })

  it('is asked for once for each aggregate and type', () => {
    const strategy = vi.fn(topics.aggregateEvents)
    const topicOf = topicNaming({ strategy })
    for (let i = 0; i < 3; i++) expect(topicOf(created)).toBe('order.events')
    expect(topicOf({ aggregate: 'cart', type: 'order.created' })).toBe('cart.events')
    expect(strategy).toHaveBeenCalledTimes(2)
  })

  it('is remembered for a bounded number of types, whatever rows others write', () => {
    const strategy = vi.fn(topics.aggregateEvents)
    const topicOf = topicNaming({ strategy })
    topicOf(created)
    for (let i = 0; i < 10_000; i++) topicOf({ ...created, type: `type-${i}` })
    topicOf(created)
    expect(strategy).toHaveBeenCalledTimes(10_002)
  })

  it.each(['', '.', '..', 'order events', 'order/events', 'ordre.créé', 'order\n', 'x'.repeat(250)])(
    'is refused before a client sees it, where Kafka would: %j',
    (topic) => {
      expect(() => topicNaming({ strategy: () => topic })(created)).toThrow(InvalidRecordError)
      expect(() => topics.fixed(topic)).toThrow(InvalidConfigError)
      expect(() => event('order.created', { ...options, topic })).toThrow(InvalidDefinitionError)
    },
  )

  it.each(['a', '_', '...', 'A-b_c.9', 'x'.repeat(249)])('may be %s', (topic) => {
    expect(topicNaming({ strategy: topics.fixed(topic) })(created)).toBe(topic)
  })
})
