import { OnewriteError } from '../error/onewrite-error.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Publisher } from '../transport/publisher.ts'
import { recordCheck } from '../transport/record-faults.ts'
import { closedError, spending } from '../transport/spending.ts'
import { acknowledgements } from './acknowledgements.ts'
import { clientError } from './call.ts'
import type { Client, ClientError } from './client.ts'
import { publisherSettings } from './client-settings.ts'
import type { KafkaConfig } from './options.ts'
import { enqueue, openProducer } from './producer.ts'
import { publishError } from './publish-error.ts'
import { topicGuard } from './topics.ts'

const stalledError = ({ deliveryTimeout }: KafkaConfig): OnewriteError =>
  new OnewriteError('PUBLISH_UNKNOWN', { cause: `no acknowledgement within ${deliveryTimeout} ms` })

/**
 * Idempotent producer: order is kept through retries, and a record repeats only after a fault.
 *
 * @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION
 */
export const openPublisher = async (
  client: Client,
  config: KafkaConfig,
  name: string,
): Promise<Publisher> => {
  const producer = await openProducer(client, config, publisherSettings(config))
  const checkRecords = recordCheck()
  const checkTopics = topicGuard(producer)
  const calls = spending()
  const waiting = acknowledgements(config.deliveryTimeout, () => failAll(stalledError(config)))

  const failAll = (reason: Error): void => {
    calls.spend(reason)
    waiting.fail(reason)
  }
  const failWith = (error: ClientError, topic?: string): void =>
    failAll(publishError(error, { name, brokers: config.brokers, topic, fenced: false }))

  producer.onDelivery((error, { topic, opaque }) => {
    // The first failure tells the reason; the client then drops the rest so that nothing overtakes.
    if (error === undefined) waiting.acknowledge(opaque)
    else failWith(error, topic)
  })

  const hand = async (records: readonly OutgoingRecord[]): Promise<Promise<void>[]> => {
    checkRecords(records)
    await checkTopics(new Set(records.map(({ topic }) => topic)))
    const { batch, acknowledged } = waiting.begin(records.length)
    try {
      await enqueue(producer.handle, records, calls.check, batch)
    } catch (error) {
      calls.check()
      failWith(clientError(error), records[0]?.topic)
      calls.check()
    }
    // In a list, since the next call may be handed over before these records are acknowledged.
    return [acknowledged]
  }

  return {
    publish: async (records) => {
      if (records.length === 0) return calls.run(async () => {})
      await Promise.all(await calls.run(() => hand(records)))
    },
    close: () => {
      failAll(closedError())
      return producer.close()
    },
  }
}
