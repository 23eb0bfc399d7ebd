import type { Queryable } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'

// The timeline changes when a replica takes over or a backup is restored to a point in time, the database and the table
// when a dump is.
const identitySql = (schema: string): string => `
  select md5(concat_ws(' ', (select system_identifier from pg_control_system()),
    left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
    (select oid from pg_database where datname = current_database()),
    '${quoteIdentifier('schema', schema)}.inbox'::regclass::oid)) as identity`

/**
 * Tells this inbox, as it is now, from every other: from that of another database, and from itself before it was set
 * back. What is remembered elsewhere of an inbox that was set back is not true any more.
 */
export const inboxIdentity = async (database: Queryable & { readonly schema: string }): Promise<string> => {
  const { rows } = await database.query<{ identity: string }>(identitySql(database.schema))
  return (rows[0]?.identity ?? '').slice(0, 16)
}
