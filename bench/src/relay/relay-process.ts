// A relay in a process of its own, which ends once the backlog has left.

import { toRecord } from '../../../src/message/to-record.ts'
import { topicNaming, topics } from '../../../src/message/topic.ts'
import type { Database } from '../../../src/postgres/database.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { type Delivery, relay } from '../../../src/relay/relay.ts'
import { answer, cpuSeconds, peakMemory, readInput } from '../parent.ts'
import { openPublishing, type ProducerSettings } from './publishing.ts'

export interface RelayInput {
  readonly databaseUrl: string
  readonly schema: string
  readonly brokers: string
  readonly topic: string
  readonly name: string
  readonly delivery: Delivery
  /** The relay ends once it has settled this position. */
  readonly until: string
  readonly page?: { readonly events?: number; readonly bytes?: number }
  readonly settleAfter?: number
  readonly maxBytesInFlight?: number
  /** Settings of the client other than those of the library; for experiments. */
  readonly producer?: ProducerSettings
}

export interface RelayFigures {
  /** From asking for the first page to the last commit. */
  readonly seconds: number
  /** CPU of the process, all threads, in that time. */
  readonly cpu: number
  /** MiB at most, over the whole life of the process. */
  readonly memory: number
  readonly transactions: number
  /** Wall time in which the relay waited for a page, handed over records, and waited for commits. */
  readonly waits: { readonly read: number; readonly send: number; readonly commit: number }
}

const input = readInput<RelayInput>()
const { databaseUrl, schema, brokers, topic, name, delivery, until } = input
const database = pgDatabase({ url: databaseUrl, schema })
const waits = { read: 0, send: 0, commit: 0 }
let started = 0
let before = process.cpuUsage()
let transactions = 0

const timed = async <T>(what: keyof typeof waits, work: Promise<T>): Promise<T> => {
  const start = performance.now()
  const value = await work
  waits[what] += (performance.now() - start) / 1000
  return value
}

/** The clock starts with the first look at the log: connecting is no part of a drain. */
const watched: Database = {
  ...database,
  rawConnection: async (settings) => {
    const connection = await database.rawConnection(settings)
    return {
      ...connection,
      read: (text, values) => {
        if (started === 0) {
          started = performance.now()
          before = process.cpuUsage()
        }
        return timed('read', connection.read(text, values))
      },
    }
  },
}

/** Told of a commit once Kafka has answered it. */
const committed = (checkpoint: string): void => {
  transactions += 1
  if (checkpoint.includes(`"position":"${until}"`)) finish()
}

const publishing = openPublishing({ brokers, replaced: input.producer ?? {}, timed, committed })
const topicOf = topicNaming({ strategy: topics.fixed(topic) })
const { page, settleAfter, maxBytesInFlight } = input

const running = relay({
  name,
  database: watched,
  publishing,
  delivery,
  encode: (event) => toRecord(event, { source: '/bench', topicOf }),
  ...(page === undefined ? {} : { page }),
  ...(settleAfter === undefined ? {} : { settleAfter }),
  ...(maxBytesInFlight === undefined ? {} : { maxBytesInFlight }),
  logger: {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields, message) => console.error(message, fields),
    error: (fields, message) => console.error(message, fields),
  },
})

let finished = false
const finish = (): void => {
  if (finished) return
  finished = true
  const seconds = (performance.now() - started) / 1000
  const figures: RelayFigures = {
    seconds,
    cpu: cpuSeconds(before),
    memory: peakMemory(),
    transactions,
    waits,
  }
  void running.stop().then(async () => {
    await database.close()
    answer(figures)
  })
}

running.start()
