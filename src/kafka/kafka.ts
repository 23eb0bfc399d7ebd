import { OnewriteError } from '../error/onewrite-error.ts'
import { topicFault } from '../message/topic-fault.ts'
import type { Publishing } from '../transport/publisher.ts'
import type { Subscribing } from '../transport/subscriber.ts'
import type { Transport } from '../transport/transport.ts'
import { type Client, loadClient } from './client.ts'
import { plainSettings } from './client-settings.ts'
import type { KafkaOptions } from './options.ts'
import { openProducer, type Producer } from './producer.ts'
import { openPublisher } from './publisher.ts'
import { readOptions } from './read-options.ts'
import { subscribeGroup } from './subscribe.ts'
import { topicRetention } from './topic-retention.ts'
import { createTopic } from './topics.ts'
import { openTransactionalPublisher } from './transactional-publisher.ts'

export interface KafkaTransport extends Transport {
  readonly publishing: Publishing
  readonly subscribing: Subscribing
}

const checkName = (name: string): void => {
  if (/^[A-Za-z0-9._-]{1,200}$/.test(name)) return
  const faults = 'name: letters, digits, . _ and - only, 1 to 200 characters'
  throw new OnewriteError('INVALID_CONFIG', { faults })
}

interface Closable {
  close(): Promise<void>
}

/** Closes with the transport what nobody closed before. */
const closing = () => {
  const open = new Set<Closable>()
  const keep = <Kept extends Closable>(closable: Kept): Kept => {
    const kept = {
      ...closable,
      close: async () => {
        await closable.close()
        open.delete(kept)
      },
    }
    open.add(kept)
    return kept
  }
  const closeAll = async (): Promise<void> => {
    await Promise.all([...open].map((closable) => closable.close()))
  }
  return { keep, closeAll }
}

/**
 * Publishes to Kafka and reads from it. Nothing is loaded or connected before the first call.
 *
 * @throws INVALID_CONFIG, naming every fault
 */
export const kafka = (options: KafkaOptions): KafkaTransport => {
  const config = readOptions(options)
  const { keep, closeAll } = closing()
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
        const subscription = subscribeGroup(loaded, config, options, member)
        const { close } = keep({ close: subscription.stop })
        subscription.ended.then(close, close)
        return subscription
      },
      retention: (topics) => topicRetention(config, topics),
    },
    check: () => withProducer(async () => {}),
    close: closeAll,
  }
}
