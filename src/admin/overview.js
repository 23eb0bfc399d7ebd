import { droppedThrough } from '../log/kept-from.js';
import { logPartitions } from '../log/log-partitions.js';
import { quoteIdentifier } from '../postgres/identifier.js';
import { groupStatus } from './group-status.js';
import { pendingMigrations } from './pending-migrations.js';
import { relayStatus } from './relay-status.js';
const serverSql = (schema) => `
  select current_setting('server_version') as version,
    exists (select from ${schema}.events_overflow) as overflow`;
/**
 * The log, who reads it, and whether anything needs a person. Needs what the relay role may do.
 *
 * @throws SCHEMA_MISSING, SCHEMA_TOO_OLD, SCHEMA_TOO_NEW
 */
export const overview = async (database) => {
    const { schema } = database;
    const migrations = await pendingMigrations(database);
    const { rows } = await database.query(serverSql(quoteIdentifier('schema', schema)));
    const { lastPosition, relays, healthy } = await relayStatus(database);
    const partitions = await logPartitions(database, schema);
    return {
        database: database.address,
        serverVersion: rows[0]?.version ?? '',
        schema: { name: schema, ...migrations },
        log: {
            lastPosition,
            droppedThrough: await droppedThrough(database, schema),
            partitions: partitions.length,
            bytes: partitions.reduce((sum, { bytes }) => sum + bytes, 0n),
            overflow: rows[0]?.overflow === true,
        },
        relays,
        groups: await groupStatus(database, lastPosition),
        healthy: healthy && migrations.pending.length === 0,
    };
};
