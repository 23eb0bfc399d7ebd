import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../src/postgres/database.ts'
import { type Embedded, embedded } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'

/** Servers that a test may kill: nobody shares them. */
export interface Servers {
  /** With fsync: what it acknowledged survives. */
  readonly postgres: Embedded
  readonly kafka: Kafka
  readonly database: Database
  close(): Promise<void>
}

export const startServers = async (): Promise<Servers> => {
  // A folder that mkdtemp makes is closed to the account that runs PostgreSQL for root.
  const folder = join(tmpdir(), `onewrite-fault-${randomUUID()}`)
  const postgres = embedded({ directory: folder, settings: { wal_level: 'logical' } })
  const [kafka] = await Promise.all([startKafka(), postgres.start()])
  const database = pgDatabase({ url: postgres.url, max: 20 })
  await migrate(database)
  return {
    postgres,
    kafka,
    database,
    close: async () => {
      await database.close()
      await Promise.all([postgres.stop(), kafka.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
