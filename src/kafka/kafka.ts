import { OnewriteError } from '../error/onewrite-error.ts'
import { topicFault } from '../message/topic-fault.ts'
import type { Publishing } from '../transport/publisher.ts'
import type { SubscribeOptions, Subscribing } from '../transport/subscriber.ts'
import type { Transport } from '../transport/transport.ts'
import { type Client, loadClient } from './client.ts'
import { plainSettings } from './client-settings.ts'
import type { KafkaOptions } from './options.ts'
import { openProducer, type Producer } from './producer.ts'
import { openPublisher } from './publisher.ts'
import { readOptions } from './read-options.ts'
import { subscribeGroup } from './subscribe.ts'
import { createTopic } from './topics.ts'
import { openTransactionalPublisher } from './transactional-publisher.ts'

export interface KafkaTransport extends Transport {
  readonly publishing: Publishing
  readonly subscribing: Subscribing
}

const checkSubscription = ({ group, topics = [] }: SubscribeOptions): readonly string[] => {
  const faults = topics.map(topicFault).filter((fault) => fault !== undefined)
  if (group === '') faults.push('group: empty')
  if (topics.length === 0) faults.push('topics: name at least one')
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
  return topics
}

const checkName = (name: string): void => {
  if (/^[A-Za-z0-9._-]{1,200}$/.test(name)) return
  const faults = 'name: letters, digits, . _ and - only, 1 to 200 characters'
  throw new OnewriteError('INVALID_CONFIG', { faults })
}

/**
 * Publishes to Kafka and reads from it. Nothing is loaded or connected before the first call.
 *
 * @throws INVALID_CONFIG, naming every fault
 */
export const kafka = (options: KafkaOptions): KafkaTransport => {
  const config = readOptions(options)
  const open = new Set<{ close(): Promise<void> }>()
  let client: Client | undefined

  const loaded = (): Client => {
    client ??= loadClient()
    return client
  }
  const withProducer = async <Result>(use: (producer: Producer) => Promise<Result>): Promise<Result> => {
    const producer = await openProducer(loaded(), config, plainSettings(config))
    try {
      return await use(producer)
    } finally {
      await producer.close()
    }
  }
  /** Closes with the transport what nobody closed before. */
  const keep = <Closable extends { close(): Promise<void> }>(publisher: Closable): Closable => {
    const kept = {
      ...publisher,
      close: async () => {
        await publisher.close()
        open.delete(kept)
      },
    }
    open.add(kept)
    return kept
  }

  return {
    name: 'kafka',
    publishing: {
      publisher: async (options) => {
        checkName(options.name)
        return keep(await openPublisher(loaded(), config, options))
      },
      transactionalPublisher: async (options) => {
        checkName(options.name)
        return keep(await openTransactionalPublisher(loaded(), config, options))
      },
      createTopics: async (topics) => {
        const faults = topics.map(({ name }) => topicFault(name)).filter((fault) => fault !== undefined)
        if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
        await withProducer(async (producer) => {
          for (const topic of topics) await createTopic(producer, config, topic)
        })
      },
    },
    subscribing: {
      subscribe: (options, member) => {
        const topics = checkSubscription(options)
        const subscription = subscribeGroup(loaded, config, { ...options, topics }, member)
        const kept = { close: subscription.stop }
        open.add(kept)
        const forget = (): void => void open.delete(kept)
        subscription.ended.then(forget, forget)
        return subscription
      },
    },
    check: () => withProducer(async () => {}),
    close: async () => {
      await Promise.all([...open].map((publisher) => publisher.close()))
    },
  }
}
