import type { Logger } from '../lifecycle/logger.ts'
import type { Database } from '../postgres/database.ts'
import { type Embedded, embedded } from '../postgres/embedded.ts'
import { migrate } from '../postgres/migrate.ts'
import { pgDatabase } from '../postgres/pg-database.ts'
import { assertSchema } from '../postgres/schema-version.ts'
import type { ServiceOptions } from './service-options.ts'
import { poolSize } from './share-connections.ts'

/** A database and how to let go of it: what was opened here is closed here, the rest is left alone. */
export interface OpenDatabase {
  readonly database: Database
  close(): Promise<void>
}

const openUrl = (url: string, options: ServiceOptions): Database => {
  const { name, schema, logger } = options
  return pgDatabase({
    url,
    applicationName: `onewrite ${name}`,
    max: poolSize(options),
    ...(schema === undefined ? {} : { schema }),
    ...(logger === undefined ? {} : { log: logger }),
  })
}

const openEmbedded = async (server: Embedded, options: ServiceOptions): Promise<OpenDatabase> => {
  const database = openUrl(await server.start(), options)
  return {
    database,
    close: async () => {
      await database.close()
      await server.stop()
    },
  }
}

const open = async (options: ServiceOptions): Promise<OpenDatabase> => {
  const { database = embedded() } = options
  if (typeof database === 'string') {
    const opened = openUrl(database, options)
    return { database: opened, close: () => opened.close() }
  }
  if ('kind' in database) return openEmbedded(database, options)
  return { database, close: async () => {} }
}

/** Opens the database, brings its schema up to date or checks that it is, and lets the service prepare its own. */
export const openDatabase = async (options: ServiceOptions, logger: Logger): Promise<OpenDatabase> => {
  const opened = await open(options)
  try {
    if (options.migrate === false) await assertSchema(opened.database)
    else await migrate(opened.database, { log: logger })
    await options.prepare?.(opened.database)
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}
