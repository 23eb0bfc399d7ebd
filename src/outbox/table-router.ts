import { OnewriteError } from '../error/onewrite-error.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { type ColumnValue, unchangedToast } from '../postgres/replication.ts'
import { columnType } from './column-type.ts'
import type { ConnectSchema, ConnectValue } from './connect-schema.ts'
import type { Converter } from './converter.ts'
import { defaultValue } from './default-value.ts'
import { eventRouter, type RouterRow, timestampFault } from './event-router.ts'
import { type OutboxColumn, ValueFault } from './outbox-column.ts'
import type { OutboxTable, RecordForm } from './outbox-table.ts'

interface Column {
  readonly schema: ConnectSchema
  readonly decode: (text: string) => ConnectValue
}

type Columns = ReadonlyMap<string, Column>

const readColumn = (column: OutboxColumn, form: RecordForm): Column | string => {
  const type = columnType(column, form.values)
  if (typeof type === 'string') return `${column.name}: the type ${type} is not supported`
  const value = defaultValue(column, type)
  const schema = {
    ...type.schema,
    optional: column.nullable,
    ...(value === undefined ? {} : { default: value }),
  }
  return { schema, decode: type.decode }
}

/** Columns that the options name, with what each is for. */
const wanted = ({ router, converters }: RecordForm) => {
  const one = (column: string | undefined, option: string, converter?: Converter) =>
    column === undefined ? [] : [{ column, option, converter, required: true }]
  const placed = router.placements.map(({ column, place }) => ({
    column,
    option: 'table.fields.additional.placement',
    converter: place === 'header' ? converters.header : place === 'envelope' ? converters.value : undefined,
    required: !router.ignoreMissing,
  }))
  return [
    ...one(router.id, 'table.field.event.id', converters.header),
    ...one(router.key, 'table.field.event.key', converters.key),
    ...one(router.payload, 'table.field.event.payload', converters.value),
    ...one(router.timestamp, 'table.field.event.timestamp'),
    ...one(router.routeBy, 'route.by.field'),
    ...placed,
  ]
}

const needs = (form: RecordForm, columns: Columns): readonly string[] => {
  const { router } = form
  const typeOf = (column: string | undefined) => columns.get(column ?? '')?.schema
  const faults: string[] = []
  const check = (
    option: string,
    column: string | undefined,
    type: ConnectSchema['type'],
    words: string,
  ): void => {
    const schema = typeOf(column)
    if (schema !== undefined && schema.type !== type) faults.push(`${option}: ${column} is no ${words}`)
  }
  check('route.by.field', router.routeBy, 'string', 'text')
  const enveloped = router.placements.some(({ place }) => place === 'envelope')
  if (enveloped) check('table.field.event.schema.version', router.version, 'int32', 'int')
  if (enveloped && router.version !== undefined && typeOf(router.version) === undefined) {
    faults.push(`table.field.event.schema.version: there is no column ${router.version}`)
  }
  for (const { column, place } of router.placements) {
    if (place === 'partition')
      check('table.fields.additional.placement', column, 'int32', 'int, which a partition is')
  }
  const stamp = typeOf(router.timestamp)
  const fault = stamp && timestampFault(stamp)
  if (fault !== undefined) faults.push(`table.field.event.timestamp: ${router.timestamp}: ${fault}`)
  return faults
}

/** Names of the columns that the options ask for. */
export const columnsOf = ({ form }: OutboxTable): readonly string[] => [
  ...new Set(
    [...wanted(form).map(({ column }) => column), form.router.version].filter((name) => name !== undefined),
  ),
]

/** Everything that keeps a table from being read with these options. */
const tableFaults = (form: RecordForm, found: ReadonlyMap<string, Column | string>): readonly string[] => {
  const faults = wanted(form).flatMap(({ column, option, converter, required }) => {
    const known = found.get(column)
    if (known === undefined) return required ? [`${option}: there is no column ${column}`] : []
    if (typeof known === 'string') return [`${option}: ${known}`]
    const fault = converter?.refuses(known.schema)
    return fault === undefined ? [] : [`${option}: ${column}: ${fault}`]
  })
  const columns = new Map(
    [...found].flatMap(([name, column]) => (typeof column === 'string' ? [] : [[name, column]])),
  )
  return [...new Set([...faults, ...needs(form, columns)])]
}

const valueIn = (column: Column, name: string, value: ColumnValue | undefined): ConnectValue => {
  if (value === null || value === undefined) return null
  if (value === unchangedToast)
    throw new ValueFault(`${name} was not changed and is not in the write-ahead log`)
  try {
    return column.decode(value)
  } catch (error) {
    throw error instanceof ValueFault ? new ValueFault(`${name}: ${error.message}`) : error
  }
}

/** Routes rows of one table whose columns come in the order of `names`. */
export type TableRouter = (values: readonly ColumnValue[]) => OutgoingRecord

/**
 * The router of a table as it is now. Its columns are known before the first row, so that what cannot work is said at
 * once and not with some later row.
 *
 * @param names of the columns, in the order in which rows have them
 * @throws OUTBOX_UNREADABLE naming every fault
 */
export const tableRouter = (
  outbox: OutboxTable,
  described: readonly OutboxColumn[],
  names: readonly string[],
): TableRouter => {
  const { form, schema, table } = outbox
  const found = new Map(described.map((column) => [column.name, readColumn(column, form)]))
  const faults = tableFaults(form, found)
  if (faults.length > 0) {
    throw new OnewriteError('OUTBOX_UNREADABLE', { table: `${schema}.${table}`, faults: faults.join('; ') })
  }
  const places = new Map(names.map((name, index) => [name, index]))
  const route = eventRouter(form)
  const schemaName = `${form.topicPrefix}.${schema}.${table}.Value`
  return (values) => {
    const row: RouterRow = {
      schemaName,
      field: (name) => {
        const column = found.get(name)
        const place = places.get(name)
        if (column === undefined || typeof column === 'string' || place === undefined) return undefined
        return { schema: column.schema, value: valueIn(column, name, values[place]) }
      },
    }
    return route(row)
  }
}
