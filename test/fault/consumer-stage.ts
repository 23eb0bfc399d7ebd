import { kafka } from '../../src/kafka/kafka.ts'
import type { Database } from '../../src/postgres/database.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import type { Build } from './build.ts'
import type { ConsumerSettings } from './consumer-child.ts'
import type { Servers } from './servers.ts'
import { logSink, topicSink } from './step-sinks.ts'
import type { StepSink } from './step-writer.ts'
import { createSteps } from './take-step.ts'

/** What a consumer under test needs, shared with no other: a database, and a topic or the log. */
export interface ConsumerStage {
  readonly servers: Servers
  readonly database: Database
  readonly settings: ConsumerSettings
  readonly sink: StepSink
  close(): Promise<void>
}

export interface StageOptions {
  readonly servers: Servers
  /** Of the consumer, its topic and its database. */
  readonly name: string
  readonly transport: 'kafka' | 'postgres'
  readonly build?: Build
}

const partitions = 6

const openDatabase = async ({ postgres, database }: Servers, name: string) => {
  await database.query(`create database ${name}`)
  const url = new URL(postgres.url)
  url.pathname = name
  const opened = pgDatabase({ url: url.href, max: 10 })
  await migrate(opened)
  await createSteps(opened)
  return { url: url.href, database: opened }
}

const createTopic = async (brokers: string, name: string): Promise<void> => {
  const transport = kafka({ brokers: brokers.split(',') })
  await transport.publishing.createTopics([{ name, partitions }])
  await transport.close()
}

export const openStage = async ({
  servers,
  name,
  transport,
  build,
}: StageOptions): Promise<ConsumerStage> => {
  const { url, database } = await openDatabase(servers, name)
  const topic = `${name}.events`
  const brokers = transport === 'kafka' ? servers.kafka.brokers : ''
  if (brokers !== '') await createTopic(brokers, topic)
  const sink = brokers === '' ? logSink(database) : topicSink(brokers, topic)
  return {
    servers,
    database,
    sink,
    settings: {
      ...{ databaseUrl: url, brokers, topic, consumer: name, sessionTimeout: 2_000 },
      ...(build === undefined ? {} : { build }),
    },
    close: async () => {
      await sink.close()
      await database.close()
    },
  }
}
