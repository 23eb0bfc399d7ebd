import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { embedded } from '../../src/postgres/embedded.ts'
import { requireCompiler } from '../install/connect-jars.mjs'
import { InstallFailure } from '../install/failure.mjs'
import { type Connect, startConnect } from './connect.ts'
import { type DumpedRecord, dumpTopics } from './dump-topics.ts'
import type { GoldenCase } from './golden-case.ts'
import { goldenCases } from './golden-cases.ts'
import { startKafka } from './kafka.ts'
import { type Failure, type Place, recordCase } from './record-case.ts'

const folder = fileURLToPath(new URL('../../test/fixtures/event-router', import.meta.url))

/** Connectors that run at once; each takes about 25 MiB of the heap and half a second of a core to start. */
const atOnce = 6

const settings = {
  ...{ wal_level: 'logical', max_replication_slots: '300', max_wal_senders: '50' },
  ...{ fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
}

interface Servers {
  readonly databaseUrl: string
  readonly brokers: string
  readonly connect: Connect
  stop(): Promise<void>
}

const startServers = async (): Promise<Servers> => {
  const data = join(tmpdir(), `onewrite-golden-${randomUUID()}`)
  const database = embedded({ directory: data, settings })
  const [databaseUrl, kafka] = await Promise.all([database.start(), startKafka()])
  const connect = await startConnect({
    brokers: kafka.brokers,
    worker: { 'offset.flush.interval.ms': 200 },
    java: ['-XX:TieredStopAtLevel=1', '-Xmx1g'],
  })
  return {
    ...{ databaseUrl, brokers: kafka.brokers, connect },
    stop: async () => {
      await connect.stop()
      await Promise.all([database.stop(), kafka.close()])
      await rm(data, { recursive: true, force: true })
    },
  }
}

const createDatabase = async (serverUrl: string, name: string): Promise<string> => {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(`create database ${name}`).finally(() => client.end())
  const url = new URL(serverUrl)
  url.pathname = name
  return url.href
}

/** The same JSON with the values of some members left out. */
const mask = (value: string | null, masked: readonly string[] | undefined): string | null => {
  if (value === null || masked === undefined) return value
  const text = Buffer.from(value, 'base64').toString()
  const left = JSON.parse(text, (member, given) => (masked.includes(member) ? null : given))
  return Buffer.from(JSON.stringify(left)).toString('base64')
}

/** Times of this run are those of Debezium's own clock; all others come from the row. */
const recordOf = (record: DumpedRecord, { place, given }: Recorded, started: number) => ({
  topic: record.topic.slice(place.id.length + 1),
  partition: record.partition,
  partitions: record.partitions,
  key: record.key,
  value: mask(record.value, given.masked),
  headers: record.headers.map(([name, value]) => [Buffer.from(name, 'base64').toString(), value]),
  timestamp: record.timestamp >= started ? null : record.timestamp,
})

interface Recorded {
  readonly given: GoldenCase
  readonly place: Place
  readonly failure: Failure | undefined
}

const fixtureOf = (recorded: Recorded, dumped: readonly DumpedRecord[], started: number): object => {
  const { given, place, failure } = recorded
  const records = dumped
    .filter(({ topic }) => topic.startsWith(`${place.id}.`))
    .map((record) => recordOf(record, recorded, started))
  const { name, about, setup, inserts, options, connector, converters, masked } = given
  const failed = failure && { ...failure, message: failure.message.replaceAll(`${place.id}.`, '') }
  return { name, about, setup, inserts, options, connector, converters, masked, records, failed }
}

const recordOne = async (servers: Servers, given: GoldenCase, id: string): Promise<Recorded> => {
  const place = { id, databaseUrl: await createDatabase(servers.databaseUrl, id) }
  return { given, place, failure: await recordCase(servers.connect, given, place) }
}

/** Connectors that start at the same time sometimes wait for each other's slots for longer than a minute. */
const recordTwice = (servers: Servers, given: GoldenCase, id: string): Promise<Recorded> =>
  recordOne(servers, given, id).catch(() => recordOne(servers, given, `${id}_again`))

/** A case that cannot be recorded does not keep the others from it. */
const recordAll = async (servers: Servers, cases: readonly GoldenCase[]) => {
  const waiting = [...cases.entries()]
  const recorded: Recorded[] = []
  const errors: unknown[] = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, given] = next
      const one = await recordTwice(servers, given, `golden_${index}`).catch((error: unknown) => {
        errors.push(error)
      })
      if (one) recorded.push(one)
      const { failure } = one ?? {}
      const told = one === undefined ? ': not recorded' : failure ? `: ${failure.message.split('\n')[0]}` : ''
      console.error(`${recorded.length + errors.length} of ${cases.length}  ${given.name}${told}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { recorded, errors }
}

const write = async (fixtures: ReadonlyMap<string, object>, all: boolean): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const stale = all ? (await readdir(folder)).filter((file) => file.endsWith('.json')) : []
  for (const file of stale) if (!fixtures.has(file)) await rm(join(folder, file))
  for (const [file, fixture] of fixtures) {
    await writeFile(join(folder, file), `${JSON.stringify(fixture, null, 2)}\n`)
  }
}

/**
 * Runs the cases against the real Debezium and writes what it published, one file each. Files of cases that are no more
 * are removed when all are recorded.
 */
export const recordGolden = async (only: string): Promise<void> => {
  const cases = goldenCases.filter(({ name }) => name.includes(only))
  if (cases.length === 0)
    throw new InstallFailure(`no case has ${only} in its name`, { fix: 'see stack/src/golden-cases.ts' })
  requireCompiler()
  const started = Date.now()
  const servers = await startServers()
  try {
    const { recorded, errors } = await recordAll(servers, cases)
    const dumped = await dumpTopics(servers.brokers, 'golden_')
    const fixtures = new Map(
      recorded.map((one) => [`${one.given.name}.json`, fixtureOf(one, dumped, started)]),
    )
    await write(fixtures, only === '' && errors.length === 0)
    console.error(`${fixtures.size} cases recorded in ${Math.round((Date.now() - started) / 1000)} s`)
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} cases could not be recorded`)
  } finally {
    await servers.stop()
  }
}
