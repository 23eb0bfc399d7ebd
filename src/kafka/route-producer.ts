import { isOnewriteError } from '../error/onewrite-error.ts'
import { failpoint } from '../lifecycle/failpoint.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { recordCheck } from '../transport/record-faults.ts'
import { whileRetriable } from './call.ts'
import type { Client, ConsumerHandle, PlacedOffset } from './client.ts'
import { transactionalSettings } from './client-settings.ts'
import type { KafkaConfig } from './options.ts'
import { enqueue, openProducer, type Producer } from './producer.ts'
import { topicGuard } from './topics.ts'
import { initTransactions, type Transactions, transactionsOf } from './transactions.ts'

export interface RouteTransaction {
  readonly records: readonly OutgoingRecord[]
  /** Where each partition goes on after it. */
  readonly offsets: readonly PlacedOffset[]
  readonly consumer: ConsumerHandle
  /** Throws once a partition may be somebody else's. */
  assertOurs(): void
}

/** Writes records and the offsets they were made of in one Kafka transaction. */
export interface RouteProducer {
  /**
   * After a rejection it is spent. With NotCommitted nothing was committed, and a next producer can be given the same;
   * otherwise the outcome may be indefinite: read the offsets again after the next one is open.
   */
  write(transaction: RouteTransaction): Promise<void>
  /** Never rejects. */
  close(): Promise<void>
}

/** What failed before the transaction could be committed. */
export class NotCommitted extends Error {
  override readonly name = 'NotCommitted'
}

const offsetsTimeout = 10_000
const grace = 3_000

const producerOn = (producer: Producer, transactions: Transactions): RouteProducer => {
  const checkRecords = recordCheck()
  const checkTopics = topicGuard(producer)
  const { check, handed: taken, refused } = transactions
  const { calls, handle } = producer

  const sendOffsets = ({ offsets, consumer }: RouteTransaction): Promise<unknown> =>
    whileRetriable(offsetsTimeout, (atMost) =>
      calls.call('sending offsets', atMost + grace, (callback) =>
        handle.sendOffsetsToTransaction(offsets, consumer, atMost, callback),
      ),
    )
  const prepare = async (transaction: RouteTransaction): Promise<void> => {
    const { records, assertOurs } = transaction
    checkRecords(records)
    await checkTopics(records)
    check()
    await transactions.open()
    await enqueue(handle, records, { check, taken, refused })
    failpoint('route.produced')
    await sendOffsets(transaction)
    failpoint('route.sent')
    // The broker takes the offsets of somebody who is in no group. A membership that still is after they were taken is
    // the one they were taken with: once it is lost, that shows until partitions are given or taken.
    assertOurs()
  }
  const meaning = (error: unknown, { records }: RouteTransaction): Promise<unknown> | unknown =>
    isOnewriteError(error) ? error : transactions.meaning(error, records[0]?.topic)
  return {
    write: async (transaction) => {
      try {
        await prepare(transaction)
      } catch (error) {
        const cause = await meaning(error, transaction)
        throw new NotCommitted(cause instanceof Error ? cause.message : String(cause), { cause })
      }
      try {
        await transactions.commit(check)
        failpoint('route.committed')
      } catch (error) {
        throw await meaning(error, transaction)
      }
    },
    close: async () => {
      await transactions.abort()
      await producer.close()
    },
  }
}

/**
 * Resolves once the last transaction under this id is decided: its offsets are what the group has, or will never be.
 *
 * @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION, PUBLISH_UNKNOWN
 */
export const openRouteProducer = async (
  client: Client,
  config: KafkaConfig,
  transactionalId: string,
): Promise<RouteProducer> => {
  const producer = await openProducer(client, config, transactionalSettings(config, transactionalId))
  const transactions = transactionsOf(producer, { config, name: transactionalId })
  try {
    await initTransactions(producer)
  } catch (error) {
    void producer.close()
    throw await transactions.meaning(error)
  }
  return producerOn(producer, transactions)
}
