import type { PublisherOptions, TransactionalPublisher } from '../transport/publisher.ts'
import { recordCheck } from '../transport/record-faults.ts'
import { closedError, spending } from '../transport/spending.ts'
import { clientError } from './call.ts'
import { checkpointPartition, createCheckpointTopic, readCheckpoint } from './checkpoint.ts'
import type { Client } from './client.ts'
import { transactionalSettings } from './client-settings.ts'
import type { TransactionsOptions } from './failures.ts'
import type { KafkaConfig } from './options.ts'
import { enqueue, openProducer, type Producer } from './producer.ts'
import { publishError } from './publish-error.ts'
import { topicGuard } from './topics.ts'
import { initTransactions, transactionsOf } from './transactions.ts'

const produceCheckpoint = (
  { handle }: Producer,
  { config, name }: TransactionsOptions,
  value: string,
): void => {
  const [bytes, key] = [Buffer.from(value), Buffer.from(name)]
  handle.produce(config.checkpointTopic, checkpointPartition, bytes, key, null, undefined, [])
}

const publisherOn = (
  producer: Producer,
  options: TransactionsOptions,
  checkpoint: string | undefined,
): TransactionalPublisher => {
  const { config } = options
  const { handle } = producer
  const checkRecords = recordCheck()
  const checkTopics = topicGuard(producer)
  const calls = spending()
  const transactions = transactionsOf(producer, options)
  let closing: Promise<void> | undefined

  const check = (): void => {
    calls.check()
    transactions.check()
  }
  const handing = { check, taken: transactions.handed, refused: transactions.refused }
  /** Whatever the client answers inside a transaction ends this publisher: its outcome may be indefinite. */
  const inTransaction = async (step: () => Promise<void>, topic?: string): Promise<void> => {
    try {
      check()
      await transactions.open()
      await step()
    } catch (error) {
      calls.check()
      throw await transactions.meaning(error, topic)
    }
  }
  const close = async (): Promise<void> => {
    calls.spend(closedError())
    // The brokers would abort it by themselves, but only after its timeout, and readers wait for that.
    await transactions.abort()
    await producer.close()
  }

  return {
    checkpoint,
    publish: (records) =>
      calls.run(async () => {
        checkRecords(records)
        await checkTopics(records)
        await inTransaction(() => enqueue(handle, records, handing), records[0]?.topic)
      }),
    commit: (value) =>
      calls.run(() =>
        inTransaction(async () => {
          produceCheckpoint(producer, options, value)
          await transactions.commit(calls.check)
        }, config.checkpointTopic),
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
  shared: KafkaConfig,
  { name, apart = false }: PublisherOptions,
): Promise<TransactionalPublisher> => {
  // A topic of its own: in a shared one the transaction that a killed relay left open kept every other from reading its
  // checkpoint, for as long as the brokers leave it open (measured: handovers of 65 s instead of 5).
  const config = { ...shared, checkpointTopic: `${shared.checkpointTopic}.${name}` }
  // Named after it, so that two sets of checkpoints on one cluster do not fence each other.
  const settings = transactionalSettings(config, config.checkpointTopic, apart)
  const producer = await openProducer(client, config, settings)
  try {
    await createCheckpointTopic(producer, config)
    await initTransactions(producer).catch((error: unknown) => {
      const { brokers, checkpointTopic: topic } = config
      throw publishError(clientError(error), { name, brokers, topic, fenced: false })
    })
    const checkpoint = await readCheckpoint(client, producer, config, name)
    return publisherOn(producer, { config, name, apart }, checkpoint)
  } catch (error) {
    void producer.close()
    throw error
  }
}
