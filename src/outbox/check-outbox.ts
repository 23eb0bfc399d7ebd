import { OnewriteError } from '../error/onewrite-error.ts'
import type { Queryable } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { ensurePublication } from '../postgres/publication.ts'
import type { OutboxMessages } from './outbox-messages.ts'
import type { Outbox } from './outbox-reader.ts'
import type { OutboxTable } from './outbox-table.ts'
import { readColumns } from './read-columns.ts'
import { columnsOf, tableRouter } from './table-router.ts'

interface IdentityRow {
  readonly updates: boolean
  readonly deletes: boolean
  readonly identified: boolean
}

const identitySql = `
  select p.pubupdate as updates, p.pubdelete as deletes,
    c.relreplident in ('f', 'i') or (c.relreplident = 'd' and exists (
      select from pg_index i where i.indrelid = c.oid and i.indisprimary)) as identified
  from pg_publication p, pg_class c join pg_namespace n on n.oid = c.relnamespace
  where p.pubname = $1 and n.nspname = $2 and c.relname = $3`

/** Where changes of rows matter they have to be published, and PostgreSQL has to know which row they are of. */
const identityFault = (
  { table, schema, form }: OutboxTable,
  publication: string,
  row: IdentityRow,
): string | undefined => {
  const { updates, deletes, identified } = row
  if (form.router.changed === 'fatal' && !updates) {
    return `table.op.invalid.behavior is fatal, and publication ${publication} does not publish changes (alter publication ${publication} set (publish = 'insert, update'))`
  }
  if (!(updates || deletes) || identified) return undefined
  return `publication ${publication} publishes changes, and the table has no replica identity: PostgreSQL refuses every change of a row (alter table ${schema}.${table} add primary key, or set (publish = 'insert') for the publication)`
}

const checkTable = async (database: Queryable, outbox: OutboxTable, publication: string): Promise<void> => {
  const { schema, table } = outbox
  const wanted = columnsOf(outbox)
  const columns = await readColumns(database, schema, table)
  const names = columns.map(({ name }) => name)
  if (names.length > 0) tableRouter(outbox, columns, names)
  const known = wanted.filter((column) => names.includes(column))
  await ensurePublication(database, { publication, schema, table, columns: known })
  const row = (await database.query<IdentityRow>(identitySql, [publication, schema, table])).rows[0]
  const fault = row && identityFault(outbox, publication, row)
  if (fault === undefined) return
  throw new OnewriteError('OUTBOX_UNREADABLE', { table: `${schema}.${table}`, faults: fault })
}

const publicationSql = 'select from pg_publication where pubname = $1'

/** Messages need no table, but the walsender asks for a publication. */
const checkMessages = async (
  database: Queryable,
  _outbox: OutboxMessages,
  publication: string,
): Promise<void> => {
  if ((await database.query(publicationSql, [publication])).rows.length > 0) return
  const sql = `create publication ${quoteIdentifier('publication', publication)}`
  try {
    await database.query(sql)
  } catch (error) {
    if ((await database.query(publicationSql, [publication])).rows.length > 0) return
    const cause = error instanceof Error ? error.message : String(error)
    throw new OnewriteError('PUBLICATION_MISSING', { publication, cause, sql }, { cause: error })
  }
}

/**
 * Everything that would keep an outbox from being read, before the first row of it.
 *
 * @throws OUTBOX_UNREADABLE, TABLE_MISSING, PUBLICATION_MISSING, PUBLICATION_INCOMPLETE
 */
export const checkOutbox = (database: Queryable, outbox: Outbox, publication: string): Promise<void> =>
  outbox.kind === 'table'
    ? checkTable(database, outbox, publication)
    : checkMessages(database, outbox, publication)
