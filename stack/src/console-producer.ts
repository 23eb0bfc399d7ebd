import { type ChildProcess, spawn } from 'node:child_process'
import { brokerClassPath } from '../install/broker-jars.mjs'

export interface ConsoleProducerOptions {
  readonly brokers: string
  readonly topic: string
  /** Where the key of a line ends. Default: lines have no key. */
  readonly keySeparator?: string
  /** Default `inherit`: lines of this terminal. */
  readonly input?: 'inherit' | 'pipe'
}

/**
 * Kafka's own producer, in Java: each line of its input becomes a record without headers, written by no code of this
 * project. Exits when the input has ended and all was acknowledged.
 */
export const consoleProducer = async (options: ConsoleProducerOptions): Promise<ChildProcess> => {
  const { brokers, topic, keySeparator, input = 'inherit' } = options
  const keys = ['--reader-property', 'parse.key=true', '--reader-property', `key.separator=${keySeparator}`]
  const flags = [
    ...['--bootstrap-server', brokers, '--topic', topic],
    ...(keySeparator === undefined ? [] : keys),
  ]
  const parameters = ['-XX:TieredStopAtLevel=1', '-cp', await brokerClassPath()]
  return spawn('java', [...parameters, 'org.apache.kafka.tools.ConsoleProducer', ...flags], {
    stdio: [input, 'ignore', 'inherit'],
  })
}
