import { OnewriteError } from '../error/onewrite-error.ts'
import type { Publisher } from '../transport/publisher.ts'
import { recordCheck } from '../transport/record-faults.ts'
import { closedError, spending } from '../transport/spending.ts'
import { clientError } from './call.ts'
import type { Client, ClientError } from './client.ts'
import { publisherSettings } from './client-settings.ts'
import type { KafkaConfig } from './options.ts'
import { enqueue, openProducer } from './producer.ts'
import { publishError } from './publish-error.ts'
import { topicGuard } from './topics.ts'

/** The records of one `publish` that no broker has acknowledged yet. */
interface Batch {
  left: number
  readonly settle: () => void
  readonly fail: (reason: Error) => void
}

const isBatch = (value: unknown): value is Batch =>
  typeof value === 'object' && value !== null && 'left' in value && 'settle' in value

const lateError = ({ deliveryTimeout }: KafkaConfig): OnewriteError =>
  new OnewriteError('PUBLISH_UNKNOWN', { cause: `no acknowledgement within ${deliveryTimeout} ms` })

/** Idempotent producer: order is kept through retries, and a record repeats only after a fault. */
export const openPublisher = async (
  client: Client,
  config: KafkaConfig,
  name: string,
): Promise<Publisher> => {
  const producer = await openProducer(client, config, publisherSettings(config))
  const checkRecords = recordCheck()
  const checkTopics = topicGuard(producer)
  const calls = spending()
  const open = new Set<Batch>()

  const failAll = (reason: Error): void => {
    calls.spend(reason)
    for (const batch of open) batch.fail(reason)
    open.clear()
  }
  const meaning = (error: ClientError, topic?: string): Error =>
    publishError(error, { name, brokers: config.brokers, topic, fenced: false })

  producer.onDelivery((error, { topic, opaque }) => {
    // The first failure tells the reason; the client then purges the rest so that nothing overtakes.
    if (error !== undefined) return failAll(meaning(error, topic))
    if (!isBatch(opaque) || --opaque.left > 0) return
    open.delete(opaque)
    opaque.settle()
  })

  const begin = (size: number): { batch: Batch; acknowledged: Promise<void> } => {
    let batch: Batch = { left: size, settle: () => undefined, fail: () => undefined }
    const acknowledged = new Promise<void>((resolve, reject) => {
      batch = { left: size, settle: resolve, fail: reject }
    })
    const late = setTimeout(() => failAll(lateError(config)), config.deliveryTimeout)
    acknowledged.catch(() => undefined).finally(() => clearTimeout(late))
    open.add(batch)
    return { batch, acknowledged }
  }

  return {
    publish: async (records) => {
      if (records.length === 0) return calls.run(async () => {})
      const { acknowledged } = await calls.run(async () => {
        checkRecords(records)
        await checkTopics(new Set(records.map(({ topic }) => topic)))
        const { batch, acknowledged } = begin(records.length)
        try {
          await enqueue(producer.handle, records, calls.check, batch)
        } catch (error) {
          calls.check()
          const reason = meaning(clientError(error), records[0]?.topic)
          failAll(reason)
          throw reason
        }
        return { acknowledged }
      })
      return acknowledged
    },
    close: () => {
      failAll(closedError())
      return producer.close()
    },
  }
}
