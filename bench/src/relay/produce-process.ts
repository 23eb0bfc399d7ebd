// The second limit: the very same records, built before the clock starts, in transactions of the same size.
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { clientError } from '../../../src/kafka/call.ts'
import type { MessageHeaders } from '../../../src/kafka/client.ts'
import { transactionalSettings } from '../../../src/kafka/client-settings.ts'
import { openProducer, type Producer } from '../../../src/kafka/producer.ts'
import { orderedReader } from '../../../src/log/ordered-reader.ts'
import { toRecord } from '../../../src/message/to-record.ts'
import { topicNaming, topics } from '../../../src/message/topic.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { answer, cpuSeconds, readInput } from '../parent.ts'
import { clientWith, configFor, type ProducerSettings } from './publishing.ts'

export interface ProduceInput {
  readonly databaseUrl: string
  readonly schema: string
  readonly brokers: string
  readonly topic: string
  readonly name: string
  readonly transactionEvents: number
  readonly producer?: ProducerSettings
}

export interface ProduceFigures {
  readonly seconds: number
  readonly cpu: number
  readonly events: number
}

interface Message {
  readonly key: Buffer
  readonly value: Buffer
  readonly headers: MessageHeaders
}

const {
  databaseUrl,
  schema,
  brokers,
  topic,
  name,
  transactionEvents,
  producer: replaced,
} = readInput<ProduceInput>()

const prepare = async (): Promise<Message[]> => {
  const database = pgDatabase({ url: databaseUrl, schema })
  const connection = await database.rawConnection({ applicationName: 'bench produce' })
  const reader = orderedReader(connection, schema, 0n)
  const topicOf = topicNaming({ strategy: topics.fixed(topic) })
  const messages: Message[] = []
  for (let done = false; !done; ) {
    const page = await reader.next({ events: 5000, bytes: 4 * 1024 * 1024 })
    for (const event of page.events) {
      const { key, value, headers } = toRecord(event, { source: '/bench', topicOf })
      const list = Object.entries(headers).map(([header, text]) => ({ [header]: text }))
      messages.push({ key: Buffer.from(key ?? ''), value: Buffer.from(value ?? ''), headers: list })
    }
    done = page.caughtUp
  }
  await connection.close()
  await database.close()
  return messages
}

const queueFull = -184

const call = (producer: Producer, what: 'init' | 'begin' | 'commit'): Promise<unknown> =>
  producer.calls.call(what, 70_000, (callback) => {
    if (what === 'begin') return producer.handle.beginTransaction(callback)
    if (what === 'init') return producer.handle.initTransactions(60_000, callback)
    return producer.handle.commitTransaction(60_000, callback)
  })

const offer = ({ handle }: Producer, { key, value, headers }: Message): boolean => {
  try {
    handle.produce(topic, null, value, key, null, undefined, headers)
    return true
  } catch (error) {
    if (clientError(error).code === queueFull) return false
    throw error
  }
}

const produceAll = async (producer: Producer, messages: readonly Message[]): Promise<void> => {
  for (let start = 0; start < messages.length; start += transactionEvents) {
    await call(producer, 'begin')
    let sinceTurn = 0
    for (const message of messages.slice(start, start + transactionEvents)) {
      while (!offer(producer, message)) await wait(1)
      // Without a turn in between nothing but this loop would run until the queue is full.
      if (++sinceTurn % 1000 === 0) await nextTurn()
    }
    await call(producer, 'commit')
  }
}

const messages = await prepare()
const config = configFor(brokers)
const settings = transactionalSettings(config, name)
const producer = await openProducer(clientWith(replaced ?? {}), config, settings)
await call(producer, 'init')
const before = process.cpuUsage()
const started = performance.now()
await produceAll(producer, messages)
const seconds = (performance.now() - started) / 1000
const figures: ProduceFigures = { seconds, cpu: cpuSeconds(before), events: messages.length }
await producer.close()
answer(figures)
