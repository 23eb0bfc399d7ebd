import type { Database } from '../../src/postgres/database.ts'

// Each statement gives rows of one column, in an order that only names decide.
const sequencesSql = `
  select format('create sequence %s as %s start %s increment %s cache %s;', s.seqrelid::regclass,
    format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqcache)
    || coalesce(format(E'\\n  -- owned by %s.%s', d.refobjid::regclass, a.attname), '') as text
  from pg_sequence s
  join pg_class c on c.oid = s.seqrelid
  left join pg_depend d on d.objid = s.seqrelid and d.classid = 'pg_class'::regclass and d.deptype = 'a'
  left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where c.relnamespace = $1::regnamespace
  order by c.relname collate "C"`

const columnsSql = `
  select format('  %I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
    case when a.attcollation <> t.typcollation then format(' collate %s', a.attcollation::regcollation) else '' end,
    coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''),
    case when a.attnotnull then ' not null' else '' end) as text
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
  order by a.attnum`

// NOT NULL stands beside its column already.
const constraintsSql = `
  select format('  constraint %I %s', conname, pg_get_constraintdef(oid)) as text
  from pg_constraint where conrelid = $1::regclass and contype <> 'n'
  order by contype, conname collate "C"`

const tablesSql = `
  select c.oid::regclass::text as name,
    coalesce(' partition by ' || pg_get_partkeydef(c.oid), '')
      || coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', '') as ending,
    case when c.relispartition
      then format('-- partition of %s %s', i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid)) end as partition
  from pg_class c left join pg_inherits i on i.inhrelid = c.oid
  where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p')
  order by c.relname collate "C"`

const indexesSql = `
  select pg_get_indexdef(i.indexrelid) || ';' as text
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where c.relnamespace = $1::regnamespace
    and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)
  order by c.relname collate "C"`

const functionsSql = `
  select pg_get_functiondef(oid) || ';' as text from pg_proc
  where pronamespace = $1::regnamespace
  order by proname collate "C", oidvectortypes(proargtypes) collate "C"`

const triggersSql = `
  select pg_get_triggerdef(t.oid) || ';' as text
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = $1::regnamespace and not t.tgisinternal
  order by c.relname collate "C", t.tgname collate "C"`

interface Line {
  readonly text: string
}

interface Table {
  readonly name: string
  readonly ending: string
  readonly partition: string | null
}

const header = `-- What the migrations in this folder add up to. Written by npm run db:dump; not run by anything.
`

const lines = async (database: Database, sql: string, of: string): Promise<string[]> =>
  (await database.query<Line>(sql, [of])).rows.map(({ text }) => text.trimEnd())

const dumpTable = async (database: Database, { name, ending, partition }: Table): Promise<string> => {
  const columns = await lines(database, columnsSql, name)
  const constraints = await lines(database, constraintsSql, name)
  const above = partition === null ? '' : `${partition}\n`
  return `${above}create table ${name} (\n${[...columns, ...constraints].join(',\n')}\n)${ending};`
}

/** The schema as PostgreSQL understood it: sequences, tables, indexes, functions, triggers, each sorted by name. */
export const dumpSchema = async (database: Database): Promise<string> => {
  const { schema } = database
  const { rows: tables } = await database.query<Table>(tablesSql, [schema])
  const parts = [header.trimEnd(), ...(await lines(database, sequencesSql, schema))]
  for (const table of tables) parts.push(await dumpTable(database, table))
  for (const sql of [indexesSql, functionsSql, triggersSql])
    parts.push(...(await lines(database, sql, schema)))
  return `${parts.join('\n\n')}\n`
}
