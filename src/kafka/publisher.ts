import { OnewriteError } from '../error/onewrite-error.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Publisher, PublisherOptions } from '../transport/publisher.ts'
import { recordCheck } from '../transport/record-faults.ts'
import { refusedRecord } from '../transport/refused.ts'
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

/** Goes with a record, and comes back with its report. */
interface Sent {
  readonly batch: unknown
  readonly record: OutgoingRecord
}

const isSent = (opaque: unknown): opaque is Sent =>
  typeof opaque === 'object' && opaque !== null && 'batch' in opaque && 'record' in opaque

/**
 * Idempotent producer: order is kept through retries, and a record repeats only after a fault.
 *
 * @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION
 */
export const openPublisher = async (
  client: Client,
  config: KafkaConfig,
  { name, apart = false }: PublisherOptions,
): Promise<Publisher> => {
  const producer = await openProducer(client, config, publisherSettings(config, apart))
  const checkRecords = recordCheck()
  const checkTopics = topicGuard(producer)
  const calls = spending()
  const waiting = acknowledgements(config.deliveryTimeout, () => failAll(stalledError(config)))

  const failAll = (reason: Error): void => {
    calls.spend(reason)
    waiting.fail(reason)
  }
  const failWith = (error: ClientError, record: OutgoingRecord | undefined, exact: boolean): void => {
    const refused = record === undefined ? [] : [refusedRecord(record)]
    const { brokers } = config
    failAll(publishError(error, { name, brokers, topic: record?.topic, fenced: false, refused, exact }))
  }

  producer.onDelivery((error, { opaque }) => {
    const sent = isSent(opaque) ? opaque : undefined
    // The first failure tells the reason; the client then drops the rest so that nothing overtakes.
    if (error === undefined) waiting.acknowledge(sent?.batch)
    else failWith(error, sent?.record, apart)
  })

  const hand = async (records: readonly OutgoingRecord[]): Promise<Promise<void>[]> => {
    checkRecords(records)
    await checkTopics(records)
    const { batch, acknowledged } = waiting.begin(records.length)
    const opaque = (record: OutgoingRecord): Sent => ({ batch, record })
    const refused = (record: OutgoingRecord, error: ClientError): void => failWith(error, record, true)
    try {
      await enqueue(producer.handle, records, { check: calls.check, opaque, refused })
    } catch (error) {
      calls.check()
      failWith(clientError(error), undefined, false)
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
