// A relay in a process of its own, to be killed. It runs compiled, with src or with a known-bad copy of it.
import { kafka } from '../../src/kafka/kafka.ts'
import { topics } from '../../src/message/topic.ts'
import type { Delivery } from '../../src/relay/open-sink.ts'
import { service } from '../../src/service/service.ts'

const need = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

const delivery: Delivery = need('DELIVERY') === 'at-least-once' ? 'at-least-once' : 'exactly-once'
const timeout = Number(need('TRANSACTION_TIMEOUT'))
const print = (fields: object, message: string): void => console.error(message, JSON.stringify(fields))

const app = await service({
  name: need('RELAY'),
  database: need('DATABASE_URL'),
  transport: kafka({
    brokers: need('BROKERS').split(','),
    transactionTimeout: timeout,
    deliveryTimeout: timeout,
  }),
  topic: topics.fixed(need('TOPIC')),
  createTopics: [{ name: need('TOPIC'), partitions: 4 }],
  delivery,
  leaseTtl: 1000,
  migrate: false,
  source: need('SOURCE') === 'wal' ? 'wal' : 'table',
  logger: { debug: () => undefined, info: print, warn: print, error: print },
}).start()

process.send?.('started')
const telling = setInterval(() => {
  if (app.health().parts.some(({ name, state }) => name.startsWith('relay') && state === 'up')) {
    process.send?.('leading')
    clearInterval(telling)
  }
}, 20)
process.on('message', () => void app.stop().then(() => process.exit(0)))
process.on('disconnect', () => process.exit(0))
