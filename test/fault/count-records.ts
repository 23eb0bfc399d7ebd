import { type ConsumedMessage, loadClient } from '../../src/kafka/client.ts'
import { plainSettings } from '../../src/kafka/client-settings.ts'
import { openProducer } from '../../src/kafka/producer.ts'
import { readOptions } from '../../src/kafka/read-options.ts'
import { openReader, wholeRanges } from '../../src/kafka/read-partitions.ts'

export interface RecordCount {
  readonly records: number
  /** Records that do not carry the sequence that follows on the record of their key before. */
  readonly outOfOrder: number
}

const partitions = [0, 1, 2, 3]

const sequenceOf = ({ headers }: ConsumedMessage): number => {
  const found = (headers ?? []).find((header) => 'ce_sequence' in header)?.['ce_sequence']
  return found === undefined ? Number.NaN : Number(Buffer.from(found).toString())
}

/** Counts what a read_committed consumer sees of a topic of four partitions, however much that is. */
export const countRecords = async (brokers: string, topic: string): Promise<RecordCount> => {
  const config = readOptions({ brokers: brokers.split(',') })
  const client = loadClient()
  const producer = await openProducer(client, config, plainSettings(config))
  const reader = await openReader(client, config, 'read_committed')
  const last = new Map<string, number>()
  let [records, outOfOrder] = [0, 0]
  const count = (message: ConsumedMessage): void => {
    const key = String(message.key)
    const sequence = sequenceOf(message)
    records += 1
    if (sequence !== (last.get(key) ?? 0) + 1) outOfOrder += 1
    last.set(key, sequence)
  }
  try {
    const ranges = await wholeRanges(client, producer, { topic, partitions, end: 'read_uncommitted' })
    const whole = await reader.read(ranges, performance.now() + 300_000, count)
    if (!whole) throw new Error(`the end of ${topic} was not reached`)
    return { records, outOfOrder }
  } finally {
    await reader.close()
    await producer.close()
  }
}
