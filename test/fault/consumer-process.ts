// One instance of a consumer in a process of its own, to be killed. It runs compiled, with src or a known-bad copy.
import { consumer } from '../../src/consumer/consumer.ts'
import { on } from '../../src/consumer/on.ts'
import { runConsumer } from '../../src/consumer/run-consumer.ts'
import { kafka } from '../../src/kafka/kafka.ts'
import { armFailpoints } from '../../src/lifecycle/failpoint.ts'
import { logSubscribing } from '../../src/log/subscribe.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { exponential } from '../../src/retry/backoff.ts'
import { reported } from './reported.ts'
import { stepTaken } from './steps.ts'
import { takeStep } from './take-step.ts'

const need = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

const print = (fields: object, message: string): void => console.error(message, JSON.stringify(fields))
const logger = { debug: () => undefined, info: print, warn: print, error: print }
const tell = (text: string): void => void process.send?.(text)

const [topic, brokers] = [need('TOPIC'), need('BROKERS')]
const sessionTimeout = Number(need('SESSION_TIMEOUT'))
const database = pgDatabase({ url: need('DATABASE_URL'), applicationName: `consumer ${process.pid}` })

const overKafka = () => {
  const transport = kafka({ brokers: brokers.split(','), sessionTimeout })
  return { subscribing: transport.subscribing, close: transport.close }
}

const overLog = () => {
  const encode = (event: Parameters<typeof toRecord>[0]) =>
    toRecord(event, { source: '/walks', topicOf: ({ type }) => (type === 'step.taken' ? topic : 'others') })
  const subscribing = logSubscribing({ database, encode, leaseTtl: sessionTimeout, logger })
  return { subscribing, close: () => subscribing.stop({ drain: 10_000 }) }
}

const transport = brokers === '' ? overLog() : overKafka()
const running = runConsumer({
  consumer: consumer(need('CONSUMER'), [on(stepTaken(topic), takeStep)], {
    concurrency: 8,
    retry: { backoff: exponential('50ms', { max: '500ms' }) },
    timeout: Number(need('HANDLER_TIMEOUT')),
  }),
  database,
  subscribing: reported(transport.subscribing, tell),
  topics: [topic],
  logger,
})
running.start()

const stop = async (): Promise<void> => {
  await running.stop({ drain: 20_000 })
  await transport.close()
  await database.close()
  process.exit(0)
}

let disarm: () => void = () => undefined
process.on('message', (text) => {
  disarm()
  disarm = armFailpoints(String(text))
  tell('armed')
})
process.on('SIGTERM', () => void stop())
process.on('disconnect', () => process.exit(0))
