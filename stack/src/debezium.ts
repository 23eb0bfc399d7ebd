import type { ConnectSettings } from './connect-rest.ts'

/** What the slot, the publication and the connector are called, each cut to what PostgreSQL takes. */
export interface DebeziumPlace {
  readonly databaseUrl: string
  /** Of the slot and of the publication. */
  readonly slot: string
  /** `schema.table`, several separated by commas. */
  readonly tables: string
}

/**
 * Debezium's connector for PostgreSQL on tables, from now on: rows that are there already are not read, since its
 * router would publish them once more.
 */
export const debeziumSettings = ({ databaseUrl, slot, tables }: DebeziumPlace): ConnectSettings => {
  const url = new URL(databaseUrl)
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': 1,
    'plugin.name': 'pgoutput',
    'database.hostname': url.hostname,
    'database.port': url.port,
    'database.user': decodeURIComponent(url.username),
    'database.password': decodeURIComponent(url.password),
    'database.dbname': url.pathname.slice(1),
    'topic.prefix': 'dbz',
    'slot.name': slot,
    'publication.name': slot,
    'publication.autocreate.mode': 'filtered',
    'table.include.list': tables,
    'snapshot.mode': 'no_data',
    'tombstones.on.delete': false,
  }
}

export const eventRouter = 'io.debezium.transforms.outbox.EventRouter'
