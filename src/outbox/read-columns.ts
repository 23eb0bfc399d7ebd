import type { Queryable } from '../postgres/database.ts'
import type { OutboxColumn } from './outbox-column.ts'

interface ColumnRow {
  readonly name: string
  readonly type_name: string
  readonly type: number
  readonly modifier: number
  readonly nullable: boolean
  readonly default_expression: string | null
  readonly labels: string[] | null
}

// A domain hands its own modifier down, since the column itself has none.
const columnsSql = `
  with recursive base as (
    select a.attname::text as name, a.attnum, t.typname::text as type_name, t.oid as type, a.atttypmod as modifier,
      t.typtype, t.typbasetype, t.typtypmod, not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)) as nullable,
      pg_get_expr(d.adbin, d.adrelid) as default_expression
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where n.nspname = $1 and c.relname = $2 and a.attgenerated = ''
    union all
    select b.name, b.attnum, b.type_name, t.oid,
      case when b.modifier = -1 then b.typtypmod else b.modifier end,
      t.typtype, t.typbasetype, t.typtypmod, b.nullable, b.default_expression
    from base b join pg_type t on t.oid = b.typbasetype
    where b.typtype = 'd'
  )
  select name, type_name, type::int, modifier, nullable, default_expression,
    case when typtype = 'e' then array(
      select e.enumlabel::text from pg_enum e where e.enumtypid = base.type order by e.enumsortorder
    ) end as labels
  from base where typtype <> 'd' order by attnum`

/**
 * What the catalogue says of the columns of a table, in their order; none where the table does not exist. Generated
 * ones are not in the write-ahead log.
 */
export const readColumns = async (
  database: Queryable,
  schema: string,
  table: string,
): Promise<readonly OutboxColumn[]> => {
  const { rows } = await database.query<ColumnRow>(columnsSql, [schema, table])
  return rows.map(({ name, type_name, type, modifier, nullable, default_expression, labels }) => ({
    name,
    typeName: type_name,
    type,
    modifier,
    nullable,
    defaultExpression: default_expression ?? undefined,
    labels: labels ?? undefined,
  }))
}
