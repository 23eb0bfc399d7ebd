// A relay in a process of its own, which ends once the backlog has left.
import type { Database } from '../../../src/postgres/database.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { answer, cpuSeconds, peakMemory, readInput } from '../parent.ts'
import { openRelay, type RelayPlace, type RelayTuning } from './open-relay.ts'
import { openPublishing, type ProducerSettings } from './publishing.ts'

export interface RelayInput extends RelayPlace, RelayTuning {
  readonly databaseUrl: string
  readonly schema: string
  readonly brokers: string
  /** The relay ends once it has settled this position, or (`wal`) once it reads the write-ahead log. A number of
   * records instead: once they have left. */
  readonly until: string | { readonly records: number }
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
  /** Wall time in which pages were asked for, records handed over, and commits awaited. They overlap. */
  readonly waits: { readonly read: number; readonly send: number; readonly commit: number }
}

const input = readInput<RelayInput>()
const { databaseUrl, schema, brokers, until } = input
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
      read: (text, values) => {
        if (started === 0) {
          started = performance.now()
          before = process.cpuUsage()
        }
        return timed('read', connection.read(text, values))
      },
      get closed() {
        return connection.closed
      },
      close: () => connection.close(),
    }
  },
}

const finish = (): void => {
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

const mark = until === 'wal' ? '"source":"wal"' : `"position":"${until}"`
let left = 0

/** Told of a commit once Kafka has answered it. */
const committed = (checkpoint: string, records: number): void => {
  transactions += 1
  left += records
  const isEnough = typeof until === 'object' && left >= until.records && left - records < until.records
  if (isEnough || checkpoint.includes(mark)) finish()
}

const publishing = openPublishing({ brokers, replaced: input.producer ?? {}, timed, committed })
const running = openRelay(input, watched, publishing, input)
running.start()
