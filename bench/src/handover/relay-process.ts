// One instance of a relay, to be killed: it tells when events have left.
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { microseconds } from '../latency/clock.ts'
import { readInput, untilFinish } from '../parent.ts'
import { openRelay, type RelayPlace } from '../relay/open-relay.ts'
import { openPublishing } from '../relay/publishing.ts'

export interface InstanceInput extends RelayPlace {
  readonly databaseUrl: string
  readonly schema: string
  readonly brokers: string
}

const input = readInput<InstanceInput>()
const database = pgDatabase({ url: input.databaseUrl, schema: input.schema, max: 3 })
const committed = (): void => void process.send?.(microseconds())
const running = openRelay(input, database, openPublishing({ brokers: input.brokers, committed }))
running.start()
await running.settled
await untilFinish()
await running.stop()
await database.close()
process.exit(0)
