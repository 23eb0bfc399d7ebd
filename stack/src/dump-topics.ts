import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { connectClassPath } from '../install/connect-jars.mjs'

/** A record as it lies in Kafka; bytes in base64. */
export interface DumpedRecord {
  readonly topic: string
  readonly partition: number
  /** How many the topic has. */
  readonly partitions: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

const run = promisify(execFile)
const program = fileURLToPath(new URL('../debezium/dump-topics.java', import.meta.url))

const readLine = (line: string): DumpedRecord => JSON.parse(line)

/** Every record of the topics whose name starts so, partition by partition. Needs a Java compiler. */
export const dumpTopics = async (brokers: string, prefix: string): Promise<readonly DumpedRecord[]> => {
  const parameters = ['-cp', await connectClassPath(), program, brokers, prefix]
  const { stdout } = await run('java', parameters, { maxBuffer: 256 * 1024 * 1024 })
  const records = stdout.split('\n').filter((line) => line !== '')
  return records.map(readLine).sort(byPlace)
}

const byPlace = (a: DumpedRecord, b: DumpedRecord): number =>
  a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition || a.offset - b.offset
