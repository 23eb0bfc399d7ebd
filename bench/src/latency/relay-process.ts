// A relay in a process of its own: nothing pokes it, so it finds new events by polling, or reads them from the WAL.
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { answer, cpuSeconds, peakMemory, readInput, sayReady, untilFinish } from '../parent.ts'
import { openRelay, type RelayPlace, type RelayTuning } from '../relay/open-relay.ts'
import { openPublishing } from '../relay/publishing.ts'

export interface PollingRelayInput extends RelayPlace, Pick<RelayTuning, 'source'> {
  readonly databaseUrl: string
  readonly schema: string
  readonly brokers: string
}

export interface PollingRelayFigures {
  /** Seconds of CPU in a second, from its start to its end. */
  readonly cores: number
  /** MiB at most. */
  readonly memory: number
}

const input = readInput<PollingRelayInput>()
const database = pgDatabase({ url: input.databaseUrl, schema: input.schema })
const running = openRelay(input, database, openPublishing({ brokers: input.brokers }), input)
running.start()
await running.settled
const [before, start] = [process.cpuUsage(), performance.now()]
sayReady()
await untilFinish()
const figures: PollingRelayFigures = {
  cores: cpuSeconds(before) / ((performance.now() - start) / 1000),
  memory: peakMemory(),
}
await running.stop()
await database.close()
answer(figures)
