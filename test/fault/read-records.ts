import { loadClient } from '../../src/kafka/client.ts'
import { plainSettings } from '../../src/kafka/client-settings.ts'
import { openProducer } from '../../src/kafka/producer.ts'
import { readOptions } from '../../src/kafka/read-options.ts'
import { type Isolation, openReader, wholeRanges } from '../../src/kafka/read-partitions.ts'
import type { HistoryRecord } from '../../src/testing/history.ts'

const partitions = [0, 1, 2, 3]

/** All records of a topic of four partitions, as a consumer of that isolation sees them after the fact. */
export const readRecords = async (
  brokers: string,
  topic: string,
  isolation: Isolation = 'read_committed',
): Promise<HistoryRecord[]> => {
  const config = readOptions({ brokers: brokers.split(',') })
  const client = loadClient()
  const producer = await openProducer(client, config, plainSettings(config))
  const reader = await openReader(client, config, isolation)
  const records: HistoryRecord[] = []
  try {
    const ranges = await wholeRanges(client, producer, topic, partitions)
    const whole = await reader.read(ranges, performance.now() + 60_000, (message) => {
      const id = message.headers
        ?.flatMap((header) => Object.entries(header))
        .find(([name]) => name === 'ce_id')?.[1]
      const { partition, offset } = message
      const key = message.key?.toString() ?? ''
      records.push({ id: id?.toString() ?? '', key, partition, offset: BigInt(offset), topic })
    })
    if (!whole) throw new Error(`the end of ${topic} was not reached`)
    return records
  } finally {
    await reader.close()
    await producer.close()
  }
}
