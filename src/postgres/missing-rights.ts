import type { Database } from './database.ts'
import { quoteIdentifier } from './identifier.ts'
import { rights } from './roles.ts'

/** One privilege on one object. */
interface Right {
  readonly kind: 'schema' | 'table' | 'column' | 'sequence' | 'function'
  /** As it stands in SQL, quoted; empty for all functions of the schema. */
  readonly object: string
  readonly column: string
  readonly privilege: string
}

export type Task = keyof typeof rights | 'migrator'

/** What this role lacks for each task, in words; empty where it can do it. */
export type MissingRights = Readonly<Record<Task, readonly string[]>>

const grant =
  /^grant (?<privileges>.+?)(?: \((?<columns>.+)\))? on (?<what>schema |sequence |all functions in schema )?(?<objects>.+) to :role$/

const kinds = {
  'schema ': 'schema',
  'sequence ': 'sequence',
  'all functions in schema ': 'function',
} as const

const isKind = (text: string): text is keyof typeof kinds => Object.hasOwn(kinds, text)

const list = (text = ''): readonly string[] => text.split(', ')

/** The privileges that a statement of `rights` gives. */
const rightsIn = (statement: string, schema: string): readonly Right[] => {
  const { privileges, columns, what = '', objects } = grant.exec(statement)?.groups ?? {}
  if (objects === undefined) throw new Error(`cannot read the statement: ${statement}`)
  const kind = isKind(what) ? kinds[what] : columns === undefined ? 'table' : 'column'
  const quoted = quoteIdentifier('schema', schema)
  return list(objects).flatMap((object) =>
    list(privileges).flatMap((privilege) =>
      list(columns).map((column) => ({ kind, object: object.replace(':schema', quoted), column, privilege })),
    ),
  )
}

const missingSql = `
  select r.kind, r.object, r."column", r.privilege
  from jsonb_to_recordset($1::jsonb) as r(kind text, object text, "column" text, privilege text)
  where not coalesce(case r.kind
    when 'schema' then has_schema_privilege(to_regnamespace(r.object)::oid, r.privilege)
    when 'table' then has_table_privilege(to_regclass(r.object)::oid, r.privilege)
    when 'column' then has_column_privilege(to_regclass(r.object)::oid, r."column", r.privilege)
    when 'sequence' then has_sequence_privilege(to_regclass(r.object)::oid, r.privilege)
    else (select bool_and(has_function_privilege(p.oid, r.privilege)) from pg_proc p
      where p.pronamespace = to_regnamespace(r.object)) end, false)`

const ownerSql = `
  select pg_has_role(current_user, n.nspowner, 'usage') as owns from pg_namespace n where n.oid = to_regnamespace($1)`

const inWords = ({ kind, object, column, privilege }: Right): string => {
  const on = kind === 'function' ? 'the functions' : kind === 'column' ? `${object} (${column})` : object
  return `${privilege} on ${on.replaceAll('"', '')}`
}

/** What the role of this connection lacks for each task of `docs/roles.md`. */
export const missingRights = async (database: Database): Promise<MissingRights> => {
  const { schema } = database
  const lacks = async (statements: readonly string[]): Promise<readonly string[]> => {
    const wanted = statements.flatMap((statement) => rightsIn(statement, schema))
    const { rows } = await database.query<Right>(missingSql, [JSON.stringify(wanted)])
    return rows.map(inWords)
  }
  const { rows } = await database.query<{ owns: boolean }>(ownerSql, [quoteIdentifier('schema', schema)])
  return {
    writer: await lacks(rights.writer),
    relay: await lacks(rights.relay),
    consumer: await lacks(rights.consumer),
    migrator: rows[0]?.owns === true ? [] : ['ownership of the schema'],
  }
}
