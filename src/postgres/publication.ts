import { OnewriteError } from '../error/onewrite-error.ts'
import { sqlState } from './connection-error.ts'
import type { Queryable, RawConnection } from './database.ts'
import { quoteIdentifier } from './identifier.ts'

export interface PublicationOptions {
  readonly publication: string
  readonly schema: string
  readonly table: string
  /** Columns that must be published. Default: all of the table. */
  readonly columns?: readonly string[]
}

interface TableRow {
  readonly partitioned: boolean
  readonly columns: string[]
}

interface PublicationRow {
  readonly all_tables: boolean
  readonly inserts: boolean
  readonly via_root: boolean
  readonly listed: boolean
  readonly columns: string[] | null
  readonly filter: string | null
}

const tableSql = `
  select c.relkind = 'p' as partitioned,
    (select array_agg(a.attname::text) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')`

// Column lists and row filters exist since version 15: through jsonb they are null before.
const publicationSql = `
  select p.puballtables as all_tables, p.pubinsert as inserts, p.pubviaroot as via_root,
    t.listed is not null as listed,
    case when jsonb_typeof(t.listed -> 'attnames') = 'array'
      then array(select jsonb_array_elements_text(t.listed -> 'attnames')) end as columns,
    t.listed ->> 'rowfilter' as filter
  from pg_publication p
  left join lateral (
    select to_jsonb(l) as listed from pg_publication_tables l
    where l.pubname = p.pubname and l.schemaname = $2 and l.tablename = $3
  ) t on true
  where p.pubname = $1`

const quoteTable = ({ schema, table }: PublicationOptions): string =>
  `${quoteIdentifier('schema', schema)}.${quoteIdentifier('table', table)}`

/** What creates the publication as it should be. Through the root, so that a new partition is published at once. */
export const createPublicationSql = (options: PublicationOptions): string =>
  `create publication ${quoteIdentifier('publication', options.publication)} for table ${quoteTable(options)} ` +
  `with (publish = 'insert', publish_via_partition_root = true)`

const readTable = async (database: Queryable, options: PublicationOptions): Promise<TableRow> => {
  const { schema, table } = options
  const row = (await database.query<TableRow>(tableSql, [schema, table])).rows[0]
  if (row === undefined) throw new OnewriteError('TABLE_MISSING', { table: `${schema}.${table}` })
  return row
}

const faultsOf = (found: PublicationRow, table: TableRow, wanted: readonly string[]): readonly string[] => {
  if (!found.listed) {
    const root = table.partitioned && !found.via_root
    return [root ? 'it publishes partitions under their own names' : 'it does not hold the table']
  }
  const missing = wanted.filter((column) => found.columns?.includes(column) === false)
  return [
    ...(found.inserts ? [] : ['it does not publish inserts']),
    ...(missing.length > 0 ? [`it leaves out the columns ${missing.join(', ')}`] : []),
    ...(found.filter === null ? [] : [`it publishes only rows where ${found.filter}`]),
  ]
}

/**
 * Since version 18 PostgreSQL skips a publication that does not exist, and its tables with it, without an error to the
 * reader: so it is asked before.
 *
 * @returns false where the publication does not exist
 * @throws TABLE_MISSING, PUBLICATION_INCOMPLETE
 */
export const checkPublication = async (
  database: Queryable,
  options: PublicationOptions,
): Promise<boolean> => {
  const { publication, schema, table } = options
  const found = await readTable(database, options)
  const { rows } = await database.query<PublicationRow>(publicationSql, [publication, schema, table])
  if (rows[0] === undefined) return false
  const faults = faultsOf(rows[0], found, options.columns ?? found.columns)
  if (faults.length === 0) return true
  throw new OnewriteError('PUBLICATION_INCOMPLETE', {
    publication,
    table: `${schema}.${table}`,
    faults: faults.join('; '),
    sql: createPublicationSql(options),
  })
}

/** duplicate_object, and unique_violation where another instance creates it at this moment. */
const exists = new Set(['42710', '23505'])

/**
 * Creates the publication where it is missing and the role may, and checks it.
 *
 * @throws TABLE_MISSING, PUBLICATION_MISSING, PUBLICATION_INCOMPLETE
 */
export const ensurePublication = async (database: Queryable, options: PublicationOptions): Promise<void> => {
  if (await checkPublication(database, options)) return
  const sql = createPublicationSql(options)
  try {
    await database.query(sql)
  } catch (error) {
    if (!exists.has(sqlState(error) ?? '')) {
      const cause = error instanceof Error ? error.message : String(error)
      throw new OnewriteError(
        'PUBLICATION_MISSING',
        { publication: options.publication, cause, sql },
        { cause: error },
      )
    }
  }
  await checkPublication(database, options)
}

const markSql = `
  select concat_ws('.', p.oid, r.oid, p.pubinsert, p.pubviaroot)
  from pg_publication p
  left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = to_regclass($2)
  where p.pubname = $1`

/**
 * Tells a publication from what it was before: dropped, created anew, or told to publish something else. Rows written
 * meanwhile are not sent and nobody is told of it, so a reader compares. Empty where there is none.
 */
export const publicationMark = async (
  connection: RawConnection,
  options: PublicationOptions,
): Promise<string> => {
  const [row] = await connection.read(markSql, [options.publication, quoteTable(options)])
  return row?.[0] ?? ''
}
