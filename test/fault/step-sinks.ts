import { isOnewriteError } from '../../src/error/onewrite-error.ts'
import { kafka } from '../../src/kafka/kafka.ts'
import { append } from '../../src/log/append.ts'
import { record } from '../../src/log/record.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import { toRecord } from '../../src/message/to-record.ts'
import type { Database } from '../../src/postgres/database.ts'
import type { Publisher } from '../../src/transport/publisher.ts'
import type { StepSink } from './step-writer.ts'
import type { StepData } from './steps.ts'

const recordOf = (
  topic: string,
  { id, type, aggregate, aggregateId, data, occurredAt }: NewEvent<string, StepData>,
) => {
  const raw = {
    ...{ id, type, aggregate, aggregateId, version: '1', metadata: '{}' },
    ...{ position: '0', sequence: String(data.number), transactionId: '1', ordinal: 0, count: 1 },
    ...{ payload: JSON.stringify(data), occurredAt: occurredAt.toISOString() },
  }
  return toRecord(raw, { source: '/walks', topicOf: () => topic })
}

/**
 * Writes the records that a relay would. After a fault a batch is written again, so that some records lie in the topic
 * more than once, in order.
 */
export const topicSink = (brokers: string, topic: string): StepSink => {
  const transport = kafka({ brokers: brokers.split(','), deliveryTimeout: 5_000, connectTimeout: 5_000 })
  let publisher: Publisher | undefined
  const publish = async (records: readonly OutgoingRecord[]): Promise<void> => {
    publisher ??= await transport.publishing.publisher({ name: 'steps' })
    await publisher.publish(records)
  }
  return {
    repeats: true,
    write: async (steps) => {
      try {
        await publish(steps.map((step) => recordOf(topic, step)))
      } catch (error) {
        await publisher?.close()
        publisher = undefined
        throw error
      }
    },
    close: () => transport.close(),
  }
}

/** Records the steps in the log. An event that is there already was committed by a call whose answer was lost. */
export const logSink = (database: Database): StepSink => ({
  repeats: false,
  write: async (steps) => {
    try {
      await record(database, (tx) => append(tx, steps))
    } catch (error) {
      if (!isOnewriteError(error) || error.code !== 'DUPLICATE_EVENT') throw error
    }
  },
  close: async () => {},
})
