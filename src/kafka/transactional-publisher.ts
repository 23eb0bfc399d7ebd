import type { TransactionalPublisher } from '../transport/publisher.ts'
import { recordCheck } from '../transport/record-faults.ts'
import { closedError, spending } from '../transport/spending.ts'
import { clientError, whileRetriable } from './call.ts'
import { checkpointPartition, createCheckpointTopic, readCheckpoint } from './checkpoint.ts'
import type { Client, ClientError } from './client.ts'
import { transactionalSettings } from './client-settings.ts'
import type { KafkaConfig } from './options.ts'
import { enqueue, openProducer, type Producer } from './producer.ts'
import { publishError } from './publish-error.ts'
import { topicGuard } from './topics.ts'

const beginTimeout = 5_000
const abortTimeout = 3_000
/** Beyond the native timeout of the same call, so that the client's own answer comes first. */
const grace = 3_000
/** The predecessor's transaction is aborted before init ends; brokers take a moment for that. */
const initTimeout = 60_000

const initTransactions = ({ calls, handle }: Producer): Promise<unknown> =>
  whileRetriable(initTimeout, (atMost) =>
    calls.call('taking over the name', atMost + grace, (callback) =>
      handle.initTransactions(atMost, callback),
    ),
  )

const beginTransaction = ({ calls, handle }: Producer): Promise<unknown> =>
  calls.call('beginning a transaction', beginTimeout, (callback) => handle.beginTransaction(callback))

const abortTransaction = ({ calls, handle }: Producer): Promise<unknown> =>
  calls.call('aborting a transaction', abortTimeout + grace, (callback) =>
    handle.abortTransaction(abortTimeout, callback),
  )

/** The client gives these to records that it dropped because of something else. */
const purged = [-152, -151, -150]

interface Failure {
  readonly error: ClientError
  readonly topic: string
}

/** A begin in a producer that failed for good answers with the reason; in any other it says nothing of use. */
const reasonBehind = async (producer: Producer, error: ClientError): Promise<ClientError> => {
  if (!purged.includes(error.code)) return error
  const answer = await beginTransaction(producer).catch((reason: unknown) => clientError(reason))
  const isReason = typeof answer === 'object' && answer !== null && 'isFatal' in answer && 'code' in answer
  return isReason ? clientError(answer) : error
}

const publisherOn = (
  producer: Producer,
  config: KafkaConfig,
  name: string,
  checkpoint: string | undefined,
): TransactionalPublisher => {
  const checkRecords = recordCheck()
  const checkTopics = topicGuard(producer)
  const calls = spending()
  let isOpen = false
  let closing: Promise<void> | undefined
  let failure: Failure | undefined

  producer.onDelivery((error, { topic }) => {
    if (error !== undefined) failure ??= { error, topic }
  })

  const check = (): void => {
    calls.check()
    if (failure !== undefined) throw failure.error
  }
  const meaning = async (thrown: unknown, topic: string | undefined): Promise<Error> => {
    const error = clientError(thrown)
    // Not the failed record's own reason, where the client fell: a fenced producer purges all it holds.
    const reason = await reasonBehind(producer, error)
    const where = failure?.topic ?? topic
    const fenced = producer.watch.fenced()
    return publishError(reason, { name, brokers: config.brokers, topic: where, fenced })
  }
  const asPublishError = async <Result>(topic: string | undefined, step: () => Promise<Result>) => {
    try {
      return await step()
    } catch (error) {
      calls.check()
      throw await meaning(error, topic)
    }
  }
  const open = async (): Promise<void> => {
    if (isOpen) return
    await beginTransaction(producer)
    isOpen = true
  }
  const commit = (): Promise<unknown> =>
    whileRetriable(config.transactionTimeout, (atMost) => {
      calls.check()
      return producer.calls.call('committing', atMost + grace, (callback) =>
        producer.handle.commitTransaction(atMost, callback),
      )
    })
  const writeCheckpoint = (value: string): unknown =>
    producer.handle.produce(
      config.checkpointTopic,
      checkpointPartition,
      Buffer.from(value),
      Buffer.from(name),
      null,
      undefined,
      [],
    )
  const close = async (): Promise<void> => {
    calls.spend(closedError())
    await producer.calls.settled(abortTimeout)
    // The broker would abort it by itself, but only after its timeout, and readers wait for that.
    if (isOpen) await abortTransaction(producer).catch(() => undefined)
    await producer.close()
  }

  return {
    checkpoint,
    publish: (records) =>
      calls.run(async () => {
        checkRecords(records)
        await checkTopics(new Set(records.map(({ topic }) => topic)))
        await asPublishError(records[0]?.topic, async () => {
          check()
          await open()
          await enqueue(producer.handle, records, check)
        })
      }),
    commit: (value) =>
      calls.run(() =>
        asPublishError(undefined, async () => {
          check()
          await open()
          writeCheckpoint(value)
          await commit()
          isOpen = false
        }),
      ),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/**
 * Fences the predecessor of the same name, then reads back how far it came.
 *
 * @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION, CHECKPOINT_UNREADABLE, PUBLISH_REFUSED, PUBLISH_UNKNOWN
 */
export const openTransactionalPublisher = async (
  client: Client,
  config: KafkaConfig,
  name: string,
): Promise<TransactionalPublisher> => {
  // Two sets of checkpoints on one cluster do not fence each other.
  const settings = transactionalSettings(config, `${config.checkpointTopic}.${name}`)
  const producer = await openProducer(client, config, settings)
  try {
    await createCheckpointTopic(producer, config)
    await initTransactions(producer).catch((error: unknown) => {
      const { brokers } = config
      throw publishError(clientError(error), { name, brokers, topic: config.checkpointTopic, fenced: false })
    })
    const checkpoint = await readCheckpoint(client, producer, config, name)
    return publisherOn(producer, config, name, checkpoint)
  } catch (error) {
    void producer.close()
    throw error
  }
}
