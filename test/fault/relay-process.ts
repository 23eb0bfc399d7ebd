// A relay in a process of its own, to be killed. ONEWRITE_TREE is what it runs: src, or a known-bad copy of it.
import { pathToFileURL } from 'node:url'
import type { Delivery } from '../../src/relay/open-sink.ts'

const need = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

const from = (file: string): string => pathToFileURL(`${need('ONEWRITE_TREE')}/${file}`).href

const { service }: typeof import('../../src/service/service.ts') = await import(from('service/service.ts'))
const { kafka }: typeof import('../../src/kafka/kafka.ts') = await import(from('kafka/kafka.ts'))
const { topics }: typeof import('../../src/message/topic.ts') = await import(from('message/topic.ts'))

const delivery: Delivery = need('DELIVERY') === 'at-least-once' ? 'at-least-once' : 'exactly-once'
const print = (fields: object, message: string): void => console.error(message, JSON.stringify(fields))

const app = await service({
  name: need('RELAY'),
  database: need('DATABASE_URL'),
  transport: kafka({
    brokers: need('BROKERS').split(','),
    transactionTimeout: Number(need('TRANSACTION_TIMEOUT')),
    deliveryTimeout: Number(need('TRANSACTION_TIMEOUT')),
  }),
  topic: topics.fixed(need('TOPIC')),
  createTopics: [{ name: need('TOPIC'), partitions: 4 }],
  delivery,
  leaseTtl: 1000,
  migrate: false,
  ...(need('SOURCE') === 'wal' ? { source: 'wal' as const } : {}),
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
