import type { ConnectValue } from './connect-schema.ts'
import type { OutboxColumn } from './outbox-column.ts'
import type { ColumnType } from './temporal-types.ts'

const call = /^[(]?[A-Za-z0-9_.]+\((?:.+(?:, ?.+)*)?\)/
const now = new Set(['current_timestamp', 'current_time', 'current_date', 'localtime', 'localtimestamp'])

/** What stands for a default that is computed. Types that are not listed have no default in Debezium. */
const computed: Readonly<Record<string, string>> = {
  bit: '00',
  varbit: '0',
  bool: 'false',
  bpchar: '',
  varchar: '',
  text: '',
  numeric: '0.0',
  float4: '0.0',
  float8: '0.0',
  int2: '0',
  int4: '0',
  int8: '0',
  json: '{}',
  jsonb: '{}',
  xml: '',
  uuid: '00000000-0000-0000-0000-000000000000',
  date: '1970-01-01',
  time: '00:00:00',
  timestamp: '1970-01-01 00:00:00',
  timestamptz: '1970-01-01 00:00:00+00',
}

/** The text between the first two quotes, or all of it; undefined where there is none. */
const literalOf = (expression: string): string | undefined => {
  if (!expression.includes("'")) return expression.startsWith('NULL::') ? undefined : expression
  return /'(.*?)'/.exec(expression)?.[1]
}

const enumLiteral = (expression: string, typeName: string): string | undefined => {
  const [, value, type = ''] = /^'(.*)'::(.+)$/s.exec(expression) ?? []
  const bare = type.replaceAll('"', '').split('.').at(-1)
  return bare === typeName ? value : undefined
}

const isComputed = (expression: string): boolean => call.test(expression) || now.has(expression.toLowerCase())

const textOf = ({ defaultExpression, typeName, labels }: OutboxColumn): string | undefined => {
  if (defaultExpression === undefined) return undefined
  if (labels !== undefined) return enumLiteral(defaultExpression, typeName)
  const instead = computed[typeName]
  if (instead === undefined || defaultExpression.startsWith('NULL::')) return undefined
  return isComputed(defaultExpression) ? instead : literalOf(defaultExpression)
}

/**
 * What Debezium takes for the default of a column: it stands wherever the column is null, and in schemas. Undefined
 * where it makes nothing of the expression.
 */
export const defaultValue = (column: OutboxColumn, type: ColumnType): ConnectValue | undefined => {
  const text = textOf(column)
  // Kafka Connect cannot have a struct as a default.
  if (text === undefined || type.schema.type === 'struct') return undefined
  try {
    const value = type.decode(column.typeName === 'bool' ? text.toLowerCase() : text)
    return typeof value === 'number' && Number.isNaN(value) ? undefined : value
  } catch {
    return undefined
  }
}
