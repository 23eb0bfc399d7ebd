import { expect, it } from 'vitest'
import { consumer } from '../../src/consumer/consumer.ts'
import { on } from '../../src/consumer/on.ts'
import { kafka } from '../../src/kafka/kafka.ts'
import { topics } from '../../src/message/topic.ts'
import { service } from '../../src/service/service.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase } from '../support/database.ts'
import { createTopicWith } from '../support/native-kafka.ts'
import { OrderPlaced } from '../support/order-placed.ts'

const day = 86_400_000

const settings: readonly [string, Readonly<Record<string, string>>, string | undefined][] = [
  ['a week', { 'retention.ms': String(7 * day) }, undefined],
  ['30 days', { 'retention.ms': String(30 * day) }, 'keeps records for 30d, and inbox.window is 7d'],
  ['for ever', { 'retention.ms': '-1' }, 'keeps records for ever'],
  ['the last of each key for ever', { 'cleanup.policy': 'compact' }, 'keeps records for ever'],
  ['compacted, for a day', { 'cleanup.policy': 'compact,delete', 'retention.ms': String(day) }, undefined],
  ['a minute', { 'retention.ms': '60000' }, 'keeps records for 1m, and retry.for is 5m'],
]

it.each(settings)(
  'a consumer that remembers for a week reads a topic that keeps records %s only where that is safe',
  async (_name, config, reason) => {
    const fresh = await freshDatabase()
    const topic = uniqueTopic('orders')
    await createTopicWith(topic, config)
    const started = service({
      name: topic,
      database: fresh.url,
      transport: kafka({ brokers: brokers().split(',') }),
      events: [OrderPlaced],
      consumers: [consumer(topic, [on(OrderPlaced, () => undefined)])],
      topic: topics.fixed(topic),
      createTopics: false,
    }).start()
    if (reason === undefined) await (await started).stop()
    else {
      await expect(started).rejects.toMatchObject({
        code: 'RETENTION_MISMATCH',
        message: expect.stringContaining(`topic ${topic} ${reason}`),
      })
    }
    await fresh.close()
  },
  60_000,
)
