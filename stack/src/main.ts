import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { embedded } from '../../src/postgres/embedded.ts'
import { describeFailure, InstallFailure } from '../install/failure.mjs'
import { consoleConsumer } from './console-consumer.ts'
import { consoleProducer } from './console-producer.ts'
import { startKafka } from './kafka.ts'
import { recordGolden } from './record-golden.ts'
import { tryMove } from './try-move.ts'

const usage = `npm run stack                       starts PostgreSQL and Kafka; Ctrl-C stops them
npm run stack -- consume <topic>    prints a topic with Kafka's own console consumer
    --brokers <host:port>           default: KAFKA_BROKERS, else 127.0.0.1:9092
    --max-messages <n>              stop after n records
    --timeout-ms <n>                stop when nothing came for so long
npm run stack -- produce <topic>    sends each line of its input with Kafka's own console producer
    --brokers <host:port>           default: KAFKA_BROKERS, else 127.0.0.1:9092
    --key-separator <text>          a line is key, separator, value; default: no keys
npm run stack -- record-golden [text]
                                    records what the real Debezium publishes into test/fixtures/event-router:
                                    all cases, or those whose name contains the text
npm run stack -- try-move            moves an outbox from a real Debezium to onewrite as docs/how-to says, and judges`

const untilInterrupted = async (): Promise<void> => {
  // Signal listeners do not keep a process alive; the servers are watched, not held.
  const alive = setInterval(() => {}, 60_000)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  clearInterval(alive)
}

const runServers = async (): Promise<void> => {
  const database = embedded()
  const [url, kafka] = await Promise.all([database.start(), startKafka()])
  console.log(`DATABASE_URL=${url}\nKAFKA_BROKERS=${kafka.brokers}`)
  console.log('\nCtrl-C stops both.')
  await untilInterrupted()
  await Promise.all([database.stop(), kafka.close()])
}

const wholeNumber = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined || /^\d+$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new InstallFailure(`--${name} is not a whole number: ${text}`, { fix: usage })
}

const onlyTopic = (verb: string, [topic, ...rest]: readonly string[]): string => {
  if (topic !== undefined && rest.length === 0) return topic
  throw new InstallFailure(`${verb} takes one topic`, { fix: usage })
}

const brokersOr = (given: string | undefined): string =>
  given ?? process.env['KAFKA_BROKERS'] ?? '127.0.0.1:9092'

/** Until it ends. Interrupted by the reader: 130 is how a console program that runs until Ctrl-C ends well. */
const attend = async (program: ChildProcess): Promise<void> => {
  const forward = (signal: NodeJS.Signals): void => void program.kill(signal)
  process.on('SIGINT', forward).on('SIGTERM', forward)
  const [code] = await once(program, 'exit')
  process.exitCode = code === 130 || code === null ? 0 : code
}

const produce = async (words: string[]): Promise<void> => {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { brokers: { type: 'string' }, 'key-separator': { type: 'string' } },
  })
  const topic = onlyTopic('produce', positionals)
  const keySeparator = values['key-separator']
  const brokers = brokersOr(values.brokers)
  await attend(
    await consoleProducer({ topic, brokers, ...(keySeparator === undefined ? {} : { keySeparator }) }),
  )
}

const consume = async (words: string[]): Promise<void> => {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      brokers: { type: 'string' },
      'max-messages': { type: 'string' },
      'timeout-ms': { type: 'string' },
    },
  })
  const topic = onlyTopic('consume', positionals)
  const maxMessages = wholeNumber('max-messages', values['max-messages'])
  const timeout = wholeNumber('timeout-ms', values['timeout-ms'])
  const consumer = await consoleConsumer({
    topic,
    brokers: brokersOr(values.brokers),
    ...(maxMessages === undefined ? {} : { maxMessages }),
    ...(timeout === undefined ? {} : { timeout }),
  })
  await attend(consumer)
}

const run = async ([verb, ...words]: string[]): Promise<void> => {
  if (verb === undefined) return runServers()
  if (verb === 'consume') return consume(words)
  if (verb === 'produce') return produce(words)
  if (verb === 'record-golden') return recordGolden(words[0] ?? '')
  if (verb === 'try-move') return tryMove()
  throw new InstallFailure(`unknown command ${verb}`, { fix: usage })
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  const isUsage =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  if (isUsage) console.error(`onewrite: ${error.message}\n${usage}`)
  else if (error instanceof InstallFailure) console.error(describeFailure(error))
  else console.error(error)
  process.exitCode = 1
}
