import { didYouMean } from '../error/did-you-mean.ts'
import type { ConnectSchema, ConnectValue } from './connect-schema.ts'
import { jsonConverter } from './json-converter.ts'
import type { Faults } from './router-options.ts'
import { isOpaqueAsText, simpleHeaderConverter, stringConverter } from './text-converters.ts'

/** A converter of Kafka Connect: how a value becomes bytes. */
export type ConverterOptions =
  /** StringConverter. */
  | 'string'
  /** JsonConverter, with schemas as by default. */
  | 'json'
  /** ByteArrayConverter and Debezium's BinaryDataConverter. */
  | 'bytes'
  /** SimpleHeaderConverter. */
  | 'simple'
  | {
      readonly type: 'json'
      /** `schemas.enable`. Default true. */
      readonly schemas?: boolean
      /** `decimal.format`. Default `base64`. */
      readonly decimals?: 'base64' | 'numeric'
    }
  | {
      readonly type: 'bytes'
      /** `delegate.converter.type`: for what is not bytes. Default: it is refused. */
      readonly otherwise?: ConverterOptions
    }

export interface Converter {
  /** @returns null for a null key, value or header */
  encode(schema: ConnectSchema | undefined, value: ConnectValue): string | Buffer | null
  /** Why values of a column cannot go through it; undefined where they can. */
  refuses(schema: ConnectSchema): string | undefined
}

const asText = (encode: Converter['encode']): Converter => ({
  encode,
  refuses: (schema) =>
    isOpaqueAsText(schema) ? 'its text in Java says where it lies in memory, and not what it is' : undefined,
})

const asBytes = (otherwise: Converter | undefined): Converter => ({
  encode: (schema, value) => {
    if (Buffer.isBuffer(value) || value === null) return value
    return otherwise === undefined ? null : otherwise.encode(schema, value)
  },
  refuses: (schema) => {
    if (schema.type === 'bytes') return undefined
    return otherwise === undefined
      ? `it is ${schema.type}, and the converter takes bytes`
      : otherwise.refuses(schema)
  },
})

const anything = (encode: Converter['encode']): Converter => ({ encode, refuses: () => undefined })

/** The converter that the options describe. */
export const converter = (options: ConverterOptions): Converter => {
  if (options === 'string') return asText(stringConverter)
  if (options === 'simple') return anything(simpleHeaderConverter)
  if (options === 'json') return converter({ type: 'json' })
  if (options === 'bytes') return asBytes(undefined)
  if (options.type === 'json') {
    const { schemas = true, decimals = 'base64' } = options
    return anything(jsonConverter({ schemas, decimals }))
  }
  return asBytes(options.otherwise === undefined ? undefined : converter(options.otherwise))
}

const kinds = ['string', 'json', 'bytes', 'simple'] as const

const known: Readonly<Record<string, readonly string[]>> = {
  json: ['type', 'schemas', 'decimals'],
  bytes: ['type', 'otherwise'],
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isOneOf = <T>(value: unknown, allowed: readonly T[]): boolean => allowed.some((one) => one === value)

/** What is wrong with a converter as given. */
export const checkConverter = (name: string, given: unknown, faults: Faults): void => {
  if (typeof given === 'string') {
    if (!isOneOf(given, kinds)) {
      faults.push(`${name}: ${given} is no converter${didYouMean(given, kinds)} (${kinds.join(', ')})`)
    }
    return
  }
  const type = isRecord(given) ? String(given['type']) : ''
  const options = known[type]
  if (!isRecord(given) || options === undefined) {
    faults.push(`${name} is neither a name (${kinds.join(', ')}) nor { type: 'json' } nor { type: 'bytes' }`)
    return
  }
  for (const option of Object.keys(given)) {
    if (!options.includes(option)) {
      faults.push(`${name}: unknown option ${option}${didYouMean(option, options)}`)
    }
  }
  if (!isOneOf(given['schemas'], [undefined, true, false])) faults.push(`${name}.schemas is no true or false`)
  if (!isOneOf(given['decimals'], [undefined, 'base64', 'numeric'])) {
    faults.push(`${name}.decimals is neither "base64" nor "numeric"`)
  }
  if (given['otherwise'] !== undefined) checkConverter(`${name}.otherwise`, given['otherwise'], faults)
}
