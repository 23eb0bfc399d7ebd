// The first limit: the same rows read by a plain keyset, with nothing done to them.
import { rawColumns } from '../../../src/log/raw-columns.ts'
import { quoteIdentifier } from '../../../src/postgres/identifier.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import { answer, cpuSeconds, readInput } from '../parent.ts'

export interface ReadInput {
  readonly databaseUrl: string
  readonly schema: string
  readonly pageEvents: number
}

export interface ReadFigures {
  readonly seconds: number
  readonly cpu: number
  readonly events: number
}

const { databaseUrl, schema, pageEvents } = readInput<ReadInput>()
const database = pgDatabase({ url: databaseUrl, schema })
const connection = await database.rawConnection({ applicationName: 'bench read' })

const pageSql = `
  select ${rawColumns} from ${quoteIdentifier('schema', schema)}.events as log
  where log.position > $1::bigint order by log.position limit $2::int`

await connection.read('select 1')
const before = process.cpuUsage()
const started = performance.now()
let events = 0
for (let position = '0'; ; ) {
  const rows = await connection.read(pageSql, [position, pageEvents])
  events += rows.length
  position = rows.at(-1)?.[0] ?? position
  if (rows.length < pageEvents) break
}
const seconds = (performance.now() - started) / 1000
const figures: ReadFigures = { seconds, cpu: cpuSeconds(before), events }
await connection.close()
await database.close()
answer(figures)
