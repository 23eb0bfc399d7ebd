import {
  type ConnectSchema,
  type ConnectValue,
  isDecimal,
  isList,
  isStruct,
  javaDates,
} from './connect-schema.ts'
import { decimalText } from './decimal.ts'
import { doubleText, floatText } from './java-number.ts'

type Schema = ConnectSchema | undefined

const numberText = (schema: Schema, value: number): string =>
  schema?.type === 'float' ? floatText(value) : doubleText(value)

/** Whether Java's `toString` of a value tells where it lies in memory, or its time zone, and not what it is. */
export const isOpaqueAsText = (schema: ConnectSchema): boolean =>
  schema.type === 'bytes'
    ? schema.name !== 'org.apache.kafka.connect.data.Decimal'
    : (schema.name !== undefined && javaDates.has(schema.name)) ||
      (schema.items !== undefined && isOpaqueAsText(schema.items)) ||
      (schema.fields ?? []).some((field) => isOpaqueAsText(field.schema))

const javaObject = (schema: Schema, value: ConnectValue & object): string => {
  if (isDecimal(value)) return decimalText(value)
  if (isList(value)) return `[${value.map((item) => javaText(schema?.items, item)).join(', ')}]`
  if (!isStruct(value)) throw new TypeError('bytes have no text in Java')
  const members = value.fields
    .map((field, index) => ({ field, own: value.values[index] ?? null }))
    .filter(({ own }) => own !== null)
    .map(({ field, own }) => `${field.name}=${javaText(field.schema, own)}`)
  return `Struct{${members.join(',')}}`
}

/** As Java's `toString`. */
const javaText = (schema: Schema, value: ConnectValue): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(schema, value)
  return typeof value === 'object' && value !== null ? javaObject(schema, value) : String(value)
}

/** Kafka Connect's StringConverter. */
export const stringConverter = (schema: Schema, value: ConnectValue): string | null =>
  value === null ? null : javaText(schema, value)

const day = 86_400_000

/** The text of a date in a header: which of the three forms depends on the value, as in Connect. */
const dateText = (milliseconds: number): string => {
  const text = new Date(milliseconds).toISOString()
  if (milliseconds < day) return text.slice(11)
  return milliseconds % day === 0 ? text.slice(0, 10) : text
}

const toMilliseconds = (schema: ConnectSchema, value: bigint): number =>
  schema.name === 'org.apache.kafka.connect.data.Date' ? Number(value) * day : Number(value)

const escaped = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

const headerObject = (schema: Schema, value: ConnectValue & object, embedded: boolean): string => {
  if (isDecimal(value)) return decimalText(value)
  if (Buffer.isBuffer(value)) {
    const text = value.toString('base64')
    return embedded ? `"${text}"` : text
  }
  if (isList(value)) return `[${value.map((item) => headerText(schema?.items, item, true)).join(',')}]`
  if (!isStruct(value)) throw new TypeError('not a value of Connect')
  const members = value.fields.map((field, index) => {
    const own = value.values[index] ?? field.schema.default ?? null
    return `${escaped(field.name)}:${headerText(field.schema, own, true)}`
  })
  return `{${members.join(',')}}`
}

const headerText = (schema: Schema, value: ConnectValue, embedded: boolean): string => {
  if (typeof value === 'string') return embedded ? escaped(value) : value
  if (typeof value === 'number') return numberText(schema, value)
  if (typeof value === 'object' && value !== null) return headerObject(schema, value, embedded)
  if (typeof value === 'bigint' && schema?.name !== undefined && javaDates.has(schema.name)) {
    return dateText(toMilliseconds(schema, value))
  }
  return String(value)
}

/** Kafka Connect's SimpleHeaderConverter. */
export const simpleHeaderConverter = (schema: Schema, value: ConnectValue): string | null =>
  value === null ? null : headerText(schema, value, false)
