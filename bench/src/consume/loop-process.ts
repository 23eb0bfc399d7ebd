// The loop that people write: for each record one transaction with the mark and the effect, then the offset.
import { kafka } from '../../../src/kafka/kafka.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { delivering } from '../../../src/transport/deliver.ts'
import { answer, cpuSeconds, peakMemory, readInput } from '../parent.ts'
import type { ConsumeFigures } from './consumer-process.ts'
import { stopwatch } from './first-record.ts'
import { oneByOne } from './one-by-one.ts'

export interface LoopInput {
  readonly databaseUrl: string
  readonly brokers: string
  readonly topic: string
  readonly table: string
  readonly events: number
  /** One record at a time, whatever partition it is of; otherwise one of each partition. */
  readonly serial: boolean
}

const { databaseUrl, brokers, topic, table, events, serial } = readInput<LoopInput>()
const database = pgDatabase({ url: databaseUrl, max: 12 })
const transport = kafka({ brokers: brokers.split(',') })
const clock = stopwatch()
const handle = oneByOne(database, { table, consumer: topic })
let handled = 0
let last: Promise<unknown> = Promise.resolve()

/** One after the other, over all partitions. */
const queued = (work: () => Promise<void>): Promise<void> => {
  const mine = last.then(work)
  last = mine.catch(() => undefined)
  return mine
}

const done = new Promise<void>((resolve) => {
  const member = delivering(async (records) => {
    clock.start()
    for (const record of records) {
      const work = () => handle(record)
      await (serial ? queued(work) : work())
      handled += 1
      if (handled === events) resolve()
    }
  })
  transport.subscribing.subscribe({ group: `loop-${topic}`, topics: [topic] }, member)
})

await done
const figures: ConsumeFigures = {
  ...{ seconds: clock.seconds(), cpu: cpuSeconds(clock.cpu), memory: peakMemory(), handled },
}
await transport.close()
await database.close()
answer(figures)
