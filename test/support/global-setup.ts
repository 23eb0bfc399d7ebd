import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'
import { missingNeeds } from './needs.ts'
import { type PostgresServer, startPostgresServer } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URLs of the server that all tests share; absent where no selected test needs it. */
    postgresServer: { readonly admin: string; readonly template: string } | undefined
    kafkaBrokers: string | undefined
  }
}

const template = 'onewrite_template'

const createTemplate = async (server: PostgresServer): Promise<void> => {
  const admin = new pg.Client({ connectionString: server.url('postgres') })
  await admin.connect()
  await admin.query(`create database ${template}`)
  const database = pgDatabase({ url: server.url(template), max: 1 })
  await migrate(database)
  await database.close()
  await admin.query(`alter database ${template} allow_connections false`)
  await admin.end()
}

const startPostgres = async (project: TestProject): Promise<() => Promise<void>> => {
  const server = await startPostgresServer()
  await createTemplate(server)
  project.provide('postgresServer', { admin: server.url('postgres'), template })
  return () => server.stop()
}

const startBroker = async (project: TestProject): Promise<() => Promise<void>> => {
  const kafka: Kafka = await startKafka()
  project.provide('kafkaBrokers', kafka.brokers)
  return () => kafka.close()
}

/** In continuous integration a missing server is a failure; elsewhere vitest.config.ts leaves those tests out. */
const demandNeeds = async (testFiles: readonly string[]): Promise<void> => {
  if (process.env['CI'] !== 'true') return
  const missing = (await missingNeeds()).filter(({ suffix }) =>
    testFiles.some((file) => file.endsWith(suffix)),
  )
  if (missing.length === 0) return
  throw new Error(missing.map(({ need, reason }) => `${need} is missing: ${reason}`).join('\n'))
}

/**
 * The patterns given on the command line. Vitest keeps them to itself; should the name change, every server is started,
 * which is slower and still right.
 */
const chosenPatterns = (project: TestProject): string[] | undefined => {
  const found: unknown = Reflect.get(project.vitest, 'filenamePattern')
  return Array.isArray(found) ? found.map(String) : undefined
}

/** Starts only what the selected test files need: the suffix of a file name says it. */
const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const { testFiles } = await project.globTestFiles(chosenPatterns(project))
  const needsKafka = testFiles.some((file) => file.endsWith('.kafka.test.ts'))
  const needsPostgres = needsKafka || testFiles.some((file) => /\.(pg|pgbouncer|redis)\.test\.ts$/.test(file))
  project.provide('postgresServer', undefined)
  project.provide('kafkaBrokers', undefined)
  await demandNeeds(testFiles)
  const started = await Promise.allSettled([
    ...(needsPostgres ? [startPostgres(project)] : []),
    ...(needsKafka ? [startBroker(project)] : []),
  ])
  const stops = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const stopAll = async (): Promise<void> => {
    await Promise.all(stops.map((stop) => stop()))
  }
  const failed = started.find((result) => result.status === 'rejected')
  if (failed === undefined) return stopAll
  await stopAll()
  throw failed.reason
}

export default setup
