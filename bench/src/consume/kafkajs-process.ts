// The same loop with kafkajs, as its documentation shows it.
import { createRequire } from 'node:module'
import { headerList } from '../../../src/message/header-list.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { answer, cpuSeconds, peakMemory, readInput } from '../parent.ts'
import type { ConsumeFigures } from './consumer-process.ts'
import { stopwatch } from './first-record.ts'
import type { LoopInput } from './loop-process.ts'
import { oneByOne } from './one-by-one.ts'

interface Message {
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, string | Buffer>>
}

/** What of kafkajs is used; it is no dependency of anything else here. */
interface KafkaJs {
  readonly CompressionCodecs: Record<number, unknown>
  readonly CompressionTypes: { readonly LZ4: number }
  Kafka: new (options: {
    readonly clientId: string
    readonly brokers: readonly string[]
    readonly logLevel: number
  }) => {
    consumer(options: { readonly groupId: string }): {
      connect(): Promise<void>
      subscribe(options: {
        readonly topics: readonly string[]
        readonly fromBeginning: boolean
      }): Promise<void>
      run(options: {
        readonly partitionsConsumedConcurrently?: number
        readonly eachMessage: (payload: { readonly message: Message }) => Promise<void>
      }): Promise<void>
      disconnect(): Promise<void>
    }
  }
}

const { databaseUrl, brokers, topic, table, events, serial } = readInput<LoopInput>()
const require = createRequire(import.meta.url)
const { Kafka, CompressionCodecs, CompressionTypes }: KafkaJs = require('kafkajs')
// What a relay writes is lz4, which kafkajs reads with this alone.
const Lz4: new (options: object) => { readonly codec: unknown } = require('kafkajs-lz4')
CompressionCodecs[CompressionTypes.LZ4] = new Lz4({}).codec
const errorsOnly = 1
const partitions = 4
const database = pgDatabase({ url: databaseUrl, max: 12 })
const handle = oneByOne(database, { table, consumer: topic })
const clock = stopwatch()
const consumer = new Kafka({
  clientId: 'bench',
  brokers: brokers.split(','),
  logLevel: errorsOnly,
}).consumer({ groupId: `kafkajs-${topic}` })
let handled = 0

await consumer.connect()
await consumer.subscribe({ topics: [topic], fromBeginning: true })
await new Promise<void>((resolve, reject) => {
  consumer
    .run({
      ...(serial ? {} : { partitionsConsumedConcurrently: partitions }),
      eachMessage: async ({ message }) => {
        clock.start()
        await handle({ value: message.value, headers: headerList(message.headers ?? {}) })
        handled += 1
        if (handled === events) resolve()
      },
    })
    .catch(reject)
})
const figures: ConsumeFigures = {
  ...{ seconds: clock.seconds(), cpu: cpuSeconds(clock.cpu), memory: peakMemory(), handled },
}
await consumer.disconnect()
await database.close()
answer(figures)
