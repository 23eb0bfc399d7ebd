import { randomUUID } from 'node:crypto'
import type { HeaderList, OutgoingRecord } from '../message/outgoing-record.ts'
import type { ConnectSchema, ConnectValue, SchemaAndValue } from './connect-schema.ts'
import { expandJson } from './expand-json.ts'
import { ValueFault } from './outbox-column.ts'
import type { RecordForm } from './outbox-table.ts'
import type { Placement, RouterConfig } from './router-options.ts'

export interface RowField {
  readonly schema: ConnectSchema
  /** Null where the row has none, whatever the default. */
  readonly value: ConnectValue
}

/** A row as the router sees it. */
export interface RouterRow {
  /** Of the row as a whole; an envelope takes its name from it. */
  readonly schemaName: string | undefined
  /** @throws ValueFault */
  field(name: string): RowField | undefined
}

const need = (row: RouterRow, name: string): RowField => {
  const field = row.field(name)
  if (field === undefined) throw new ValueFault(`there is no ${name}`)
  return field
}

/** Null gives way to the default, as Connect has it for everything but what steers the router. */
const orDefault = ({ schema, value }: RowField): SchemaAndValue => ({
  schema,
  value: value ?? schema.default ?? null,
})

const perMillisecond: Readonly<Record<string, bigint>> = {
  'io.debezium.time.Timestamp': 1n,
  'io.debezium.time.MicroTimestamp': 1000n,
  'io.debezium.time.NanoTimestamp': 1_000_000n,
}

/** Why a column cannot be the timestamp of a record. */
export const timestampFault = (schema: ConnectSchema): string | undefined =>
  perMillisecond[schema.name ?? ''] === undefined
    ? 'a timestamp without time zone is needed, and not time.precision.mode connect or isostring'
    : undefined

const timestampOf = (row: RouterRow, column: string | undefined): number | undefined => {
  if (column === undefined) return undefined
  const { schema, value } = need(row, column)
  const divisor = perMillisecond[schema.name ?? '']
  if (divisor === undefined) throw new ValueFault(`${column}: ${timestampFault(schema)}`)
  return typeof value === 'bigint' ? Number(value / divisor) : undefined
}

const topicOf = (row: RouterRow, column: string): string => {
  const { schema, value } = need(row, column)
  if (schema.type !== 'string') throw new ValueFault(`${column} is ${schema.type}, and a topic needs text`)
  if (typeof value !== 'string') throw new ValueFault(`${column} is null, and a topic needs text`)
  return value
}

const partitionOf = (placed: readonly Placed[]): number | undefined => {
  const field = placed.findLast(({ place }) => place === 'partition')?.field
  if (field === undefined) return undefined
  if (field.schema.type !== 'int32')
    throw new ValueFault(`a partition needs an int, and not ${field.schema.type}`)
  return typeof field.value === 'bigint' ? Number(field.value) : undefined
}

/** `dbz.public.outbox.Value` becomes `dbz.public.outbox.Order.Value`. */
const envelopeName = (schemaName: string | undefined, routed: string): string => {
  if (schemaName === undefined) return routed
  const dot = schemaName.lastIndexOf('.')
  return `${schemaName.slice(0, dot + 1)}${routed}.${schemaName.slice(dot + 1)}`
}

interface Placed extends Placement {
  readonly field: RowField
}

const placedFields = (row: RouterRow, { placements, ignoreMissing }: RouterConfig): readonly Placed[] =>
  placements.flatMap((placement) => {
    const field = ignoreMissing ? row.field(placement.column) : need(row, placement.column)
    return field === undefined ? [] : [{ ...placement, field }]
  })

const isBlank = (text: string): boolean => {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x20) return false
  return true
}

const isEmpty = ({ value }: SchemaAndValue): boolean =>
  value === null || (typeof value === 'string' && isBlank(value))

const expanded = (payload: SchemaAndValue, config: RouterConfig, enveloped: boolean): SchemaAndValue => {
  if (typeof payload.value !== 'string') return payload
  try {
    const found = expandJson(payload.value, config.payload, config.nullMembers)
    return found.schema === undefined && enveloped ? payload : found
  } catch {
    // As by the original, which logs it: what cannot be expanded leaves as it is.
    return payload
  }
}

const versionOf = (row: RouterRow, column: string | undefined): number | undefined => {
  if (column === undefined) return undefined
  const { schema, value } = need(row, column)
  if (schema.type !== 'int32') throw new ValueFault(`${column} is ${schema.type}, and a version needs an int`)
  return typeof value === 'bigint' ? Number(value) : undefined
}

const envelope = (
  row: RouterRow,
  config: RouterConfig,
  payload: SchemaAndValue,
  placed: readonly Placed[],
): SchemaAndValue => {
  const inside = placed.filter(({ place }) => place === 'envelope')
  const payloadSchema = payload.schema ?? { type: 'string', optional: true }
  const fields = [
    { name: 'payload', schema: payloadSchema },
    ...inside.map(({ name, field }) => ({ name, schema: field.schema })),
  ]
  const values = [payload.value, ...inside.map(({ field }) => orDefault(field).value)]
  const name = envelopeName(row.schemaName, topicOf(row, config.routeBy))
  const version = versionOf(row, config.version)
  return { schema: { type: 'struct', optional: false, name, version, fields }, value: { fields, values } }
}

const text: ConnectSchema = { type: 'string', optional: false }

/** Headers that Debezium puts before all others; the run is this process. */
const contextHeaders = ({ extendedHeaders, topicPrefix, converters }: RecordForm): HeaderList => {
  if (!extendedHeaders) return []
  const context = {
    connectorLogicalName: topicPrefix,
    taskId: '0',
    connectorName: 'postgresql',
    runId: randomUUID(),
  }
  return Object.entries(context).map(([name, value]) => [
    `__debezium.context.${name}`,
    converters.header.encode(text, value),
  ])
}

/**
 * Debezium's EventRouter: one row in, one record out. Rows that were changed or removed are no business of it.
 *
 * @throws ValueFault, from the function it returns, for a row that cannot be routed
 */
export const eventRouter = (form: RecordForm): ((row: RouterRow) => OutgoingRecord) => {
  const { router: config, converters } = form
  const context = contextHeaders(form)
  const enveloped = config.placements.some(({ place }) => place === 'envelope')

  const headersOf = (row: RouterRow, placed: readonly Placed[]): HeaderList => {
    const encode = ({ schema, value }: SchemaAndValue) => converters.header.encode(schema, value)
    const headers = placed.filter(({ place }) => place === 'header')
    return [
      ...context,
      ['id', encode(orDefault(need(row, config.id)))],
      ...headers.map(({ name, field }) => [name, encode(orDefault(field))] as const),
    ]
  }

  const valueFor = (row: RouterRow, placed: readonly Placed[]): SchemaAndValue => {
    const column = orDefault(need(row, config.payload))
    const payload = config.expand ? expanded(column, config, enveloped) : column
    if (config.tombstones && isEmpty(payload)) return { schema: undefined, value: null }
    return enveloped ? envelope(row, config, payload, placed) : payload
  }

  return (row) => {
    const placed = placedFields(row, config)
    const timestamp = timestampOf(row, config.timestamp)
    const partition = partitionOf(placed)
    const key = orDefault(need(row, config.key))
    const value = valueFor(row, placed)
    return {
      topic: config.route(topicOf(row, config.routeBy)),
      ...(partition === undefined ? {} : { partition }),
      ...(timestamp === undefined ? {} : { timestamp }),
      key: converters.key.encode(key.schema, key.value),
      value: converters.value.encode(value.schema, value.value),
      headers: headersOf(row, placed),
    }
  }
}
