import { type ChildProcess, spawn } from 'node:child_process'
import { brokerClassPath } from '../install/broker-jars.mjs'

export interface ConsoleConsumerOptions {
  readonly brokers: string
  readonly topic: string
  /** Stop after this many records. Default: go on until interrupted. */
  readonly maxMessages?: number
  /** Stop when nothing came for this many milliseconds. */
  readonly timeout?: number
  /** Default `inherit`: print to this terminal. */
  readonly output?: 'inherit' | 'pipe'
}

/**
 * Kafka's own consumer, in Java, from the beginning of the topic and `read_committed`: a reader that shares no code with
 * this project. Prints headers, key and value of each record, separated by tabs.
 */
export const consoleConsumer = async (options: ConsoleConsumerOptions): Promise<ChildProcess> => {
  const { brokers, topic, maxMessages, timeout, output = 'inherit' } = options
  const flags = [
    ...['--bootstrap-server', brokers, '--topic', topic, '--from-beginning'],
    ...['--isolation-level', 'read_committed'],
    ...['--formatter-property', 'print.headers=true', '--formatter-property', 'print.key=true'],
    ...(maxMessages === undefined ? [] : ['--max-messages', String(maxMessages)]),
    ...(timeout === undefined ? [] : ['--timeout-ms', String(timeout)]),
  ]
  const parameters = ['-XX:TieredStopAtLevel=1', '-cp', await brokerClassPath()]
  return spawn('java', [...parameters, 'org.apache.kafka.tools.consumer.ConsoleConsumer', ...flags], {
    stdio: ['ignore', output, 'inherit'],
  })
}
