import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Embedded, embedded } from '../../src/postgres/embedded.ts'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'

export interface ServerNeeds {
  readonly needsKafka: boolean
  /** Settings of PostgreSQL beyond those every benchmark runs with. */
  readonly postgres?: Readonly<Record<string, string>>
}

export interface Servers {
  readonly databaseUrl: string
  /** Empty where the benchmark needs no broker. */
  readonly brokers: string
  readonly broker: Kafka['source'] | undefined
  stop(): Promise<void>
}

/** Durability is as in production; memory is sized so that neither it nor checkpoints are what is measured. */
const settings = {
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  max_connections: '100',
}

const startDatabase = async (folder: string, more: Readonly<Record<string, string>>): Promise<Embedded> => {
  const server = embedded({ directory: folder, settings: { ...settings, ...more } })
  await server.start()
  return server
}

/** A PostgreSQL of its own for the run and, where needed, a broker. */
export const startServers = async ({ needsKafka, postgres = {} }: ServerNeeds): Promise<Servers> => {
  const folder = join(tmpdir(), `onewrite-bench-${randomUUID()}`)
  const [database, kafka] = await Promise.all([
    startDatabase(folder, postgres),
    needsKafka ? startKafka({ tunedFor: 'throughput' }) : undefined,
  ])
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await Promise.all([database.stop(), kafka?.close()])
    await rm(folder, { recursive: true, force: true })
  }
  return {
    databaseUrl: database.url,
    brokers: kafka?.brokers ?? '',
    broker: kafka?.source,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}
