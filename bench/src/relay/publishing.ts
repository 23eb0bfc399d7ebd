import { type Client, type ClientSettings, loadClient } from '../../../src/kafka/client.ts'
import type { KafkaConfig } from '../../../src/kafka/options.ts'
import { openPublisher } from '../../../src/kafka/publisher.ts'
import { readOptions } from '../../../src/kafka/read-options.ts'
import { openTransactionalPublisher } from '../../../src/kafka/transactional-publisher.ts'
import type { Publishing } from '../../../src/transport/publisher.ts'

/** Settings of librdkafka that replace the library's. */
export type ProducerSettings = ClientSettings

/** The client, with settings of its producers replaced; the library itself has no handle for that. */
export const clientWith = (replaced: ProducerSettings): Client => {
  const client = loadClient()
  if (Object.keys(replaced).length === 0) return client
  class Producer extends client.Producer {
    constructor(settings: ClientSettings) {
      super('acks' in settings ? { ...settings, ...replaced } : settings)
    }
  }
  return { Producer, KafkaConsumer: client.KafkaConsumer, AdminClient: client.AdminClient }
}

export const configFor = (brokers: string): KafkaConfig => readOptions({ brokers: brokers.split(',') })

export interface PublishingOptions {
  readonly brokers: string
  readonly replaced?: ProducerSettings
  /** Watches how long a call takes. */
  readonly timed?: <T>(what: 'send' | 'commit', work: Promise<T>) => Promise<T>
  /** `records`: how many left with it. */
  readonly committed?: (checkpoint: string, records: number) => void
}

/** What `kafka()` gives a relay, with settings replaced, and watched. */
export const openPublishing = (options: PublishingOptions): Publishing => {
  const { brokers, replaced = {}, timed = (_, work) => work, committed } = options
  const config = configFor(brokers)
  const client = clientWith(replaced)
  return {
    publisher: async (opening) => {
      const publisher = await openPublisher(client, config, opening)
      return { ...publisher, publish: (records) => timed('send', publisher.publish(records)) }
    },
    transactionalPublisher: async (opening) => {
      const publisher = await openTransactionalPublisher(client, config, opening)
      let handed = 0
      return {
        ...publisher,
        publish: (records) => {
          handed += records.length
          return timed('send', publisher.publish(records))
        },
        commit: async (checkpoint) => {
          await timed('commit', publisher.commit(checkpoint))
          committed?.(checkpoint, handed)
          handed = 0
        },
      }
    },
    createTopics: async () => undefined,
  }
}
