import { droppedThrough } from '../log/kept-from.ts'
import { logPartitions } from '../log/log-partitions.ts'
import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { type ConsumerStatus, consumerStatus } from './consumer-status.ts'
import { type GroupStatus, groupStatus } from './group-status.ts'
import { type RelayStatus, relayStatus } from './relay-status.ts'

export interface LogStatus {
  /** The last position that any writer has drawn. */
  readonly lastPosition: bigint
  /** The last position that retention has dropped; 0 for none. */
  readonly droppedThrough: bigint
  readonly partitions: number
  /** On the disk, with indexes. */
  readonly bytes: bigint
  /** Whether events found no partition of their own. */
  readonly overflow: boolean
}

export interface Overview {
  /** `host:port/database`. */
  readonly database: string
  readonly serverVersion: string
  readonly schema: { readonly name: string; readonly version: number }
  readonly log: LogStatus
  readonly relays: readonly RelayStatus[]
  readonly groups: readonly GroupStatus[]
  readonly consumers: readonly ConsumerStatus[]
  readonly healthy: boolean
}

interface ServerRow {
  readonly version: string
  readonly schema_version: number
  readonly overflow: boolean
}

const serverSql = (schema: string): string => `
  select current_setting('server_version') as version,
    (select max(version) from ${schema}.migrations) as schema_version,
    exists (select from ${schema}.events_overflow) as overflow`

/**
 * The log, who reads it, and whether anything needs a person. Needs what the relay and the consumer role may do.
 *
 * @throws SCHEMA_MISSING
 */
export const overview = async (database: Database): Promise<Overview> => {
  const { schema } = database
  const { rows } = await database.query<ServerRow>(serverSql(quoteIdentifier('schema', schema)))
  const { lastPosition, relays, healthy } = await relayStatus(database)
  const partitions = await logPartitions(database, schema)
  const consuming = await consumerStatus(database)
  return {
    database: database.address,
    serverVersion: rows[0]?.version ?? '',
    schema: { name: schema, version: rows[0]?.schema_version ?? 0 },
    log: {
      lastPosition,
      droppedThrough: await droppedThrough(database, schema),
      partitions: partitions.length,
      bytes: partitions.reduce((sum, { bytes }) => sum + bytes, 0n),
      overflow: rows[0]?.overflow === true,
    },
    relays,
    groups: await groupStatus(database, lastPosition),
    consumers: consuming.consumers,
    healthy: healthy && consuming.healthy,
  }
}
