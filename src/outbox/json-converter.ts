import {
  type ConnectSchema,
  type ConnectValue,
  connectDecimal,
  isDecimal,
  isList,
  isStruct,
} from './connect-schema.ts'
import { decimalText, unscaledBytes } from './decimal.ts'
import { doubleText, floatText } from './java-number.ts'

export interface JsonConverterOptions {
  /** `schemas.enable`. */
  readonly schemas: boolean
  /** `decimal.format`. */
  readonly decimals: 'base64' | 'numeric'
}

const control = /\p{Control}/u
const beyondBasic = /[\ud800-\udfff]/

const escapeOf = (unit: string): string =>
  `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`

/**
 * Text as Jackson writes it into UTF-8: as JSON.stringify, but with capitals in \u001F, and with what lies beyond
 * 16 bits escaped.
 */
export const quoted = (text: string): string => {
  const json = JSON.stringify(text)
  if (!control.test(text) && !beyondBasic.test(text)) return json
  return json
    .replace(/\\\\|\\u[0-9a-f]{4}/g, (found) =>
      found.length === 2 ? found : `\\u${found.slice(2).toUpperCase()}`,
    )
    .replace(/[\ud800-\udfff]/g, escapeOf)
}

const finite = (value: number, text: string): string => (Number.isFinite(value) ? text : `"${text}"`)

const numberText = (schema: ConnectSchema | undefined, value: number): string =>
  finite(value, schema?.type === 'float' ? floatText(value) : doubleText(value))

const fromObject = (
  schema: ConnectSchema | undefined,
  value: ConnectValue & object,
  options: JsonConverterOptions,
): string => {
  if (isDecimal(value)) {
    return options.decimals === 'numeric' && schema?.name === connectDecimal
      ? decimalText(value)
      : `"${unscaledBytes(value).toString('base64')}"`
  }
  if (Buffer.isBuffer(value)) return `"${value.toString('base64')}"`
  if (isList(value)) return `[${value.map((item) => jsonText(schema?.items, item, options)).join(',')}]`
  if (!isStruct(value)) throw new TypeError('not a value of Connect')
  const members = value.fields.map(
    ({ name, schema: own }, index) =>
      `${quoted(name)}:${jsonText(own, value.values[index] ?? null, options)}`,
  )
  return `{${members.join(',')}}`
}

const jsonText = (
  schema: ConnectSchema | undefined,
  value: ConnectValue,
  options: JsonConverterOptions,
): string => {
  if (value === null) {
    const instead = schema?.default ?? null
    return instead === null ? 'null' : jsonText(schema, instead, options)
  }
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return numberText(schema, value)
  if (typeof value === 'object') return fromObject(schema, value, options)
  return String(value)
}

/** Properties of a schema in Connect's order; `field` comes last, where the schema is that of a field. */
const schemaJson = (schema: ConnectSchema, options: JsonConverterOptions, field?: string): string => {
  const properties = [`"type":"${schema.type}"`]
  const add = (name: string, json: string): void => void properties.push(`"${name}":${json}`)
  if (schema.items !== undefined) add('items', schemaJson(schema.items, options))
  if (schema.fields !== undefined) {
    add('fields', `[${schema.fields.map((own) => schemaJson(own.schema, options, own.name)).join(',')}]`)
  }
  add('optional', String(schema.optional))
  if (schema.name !== undefined) add('name', quoted(schema.name))
  if (schema.version !== undefined) add('version', String(schema.version))
  if (schema.doc !== undefined) add('doc', quoted(schema.doc))
  if (schema.parameters !== undefined) {
    const parameters = schema.parameters.map(([name, value]) => `${quoted(name)}:${quoted(value)}`)
    add('parameters', `{${parameters.join(',')}}`)
  }
  if (schema.default !== undefined && schema.default !== null) {
    add('default', jsonText(schema, schema.default, options))
  }
  if (field !== undefined) add('field', quoted(field))
  return `{${properties.join(',')}}`
}

/** Schemas of columns are made once and asked for with every row. */
const schemaTexts = (options: JsonConverterOptions): ((schema: ConnectSchema | undefined) => string) => {
  const known = new WeakMap<ConnectSchema, string>()
  return (schema) => {
    if (schema === undefined) return 'null'
    const text = known.get(schema) ?? schemaJson(schema, options)
    known.set(schema, text)
    return text
  }
}

/** The JSON of Kafka Connect's JsonConverter, byte for byte. */
export const jsonConverter = (options: JsonConverterOptions) => {
  const schemaText = schemaTexts(options)
  return (schema: ConnectSchema | undefined, value: ConnectValue): string | null => {
    if (schema === undefined && value === null) return null
    const payload = jsonText(schema, value, options)
    return options.schemas ? `{"schema":${schemaText(schema)},"payload":${payload}}` : payload
  }
}
