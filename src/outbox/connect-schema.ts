/** An exact decimal: `unscaled` × 10^-`scale`. */
export interface Decimal {
  readonly unscaled: bigint
  readonly scale: number
}

export interface Struct {
  readonly fields: readonly ConnectField[]
  /** In the order of the fields. */
  readonly values: readonly ConnectValue[]
}

/** Whole numbers are bigint, floating ones number. */
export type ConnectValue =
  | null
  | string
  | boolean
  | bigint
  | number
  | Buffer
  | Decimal
  | Struct
  | readonly ConnectValue[]

export type ConnectType =
  | 'boolean'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float'
  | 'double'
  | 'string'
  | 'bytes'
  | 'array'
  | 'struct'

export interface ConnectField {
  readonly name: string
  readonly schema: ConnectSchema
}

/** What Kafka Connect knows of a value, under the names its JSON form has. */
export interface ConnectSchema {
  readonly type: ConnectType
  readonly optional: boolean
  readonly name?: string | undefined
  readonly version?: number | undefined
  readonly doc?: string | undefined
  readonly parameters?: readonly (readonly [name: string, value: string])[] | undefined
  /** Stands in wherever the value is null. */
  readonly default?: ConnectValue
  /** Of an array. */
  readonly items?: ConnectSchema | undefined
  /** Of a struct. */
  readonly fields?: readonly ConnectField[] | undefined
}

/** A value with what is known of it; no schema where Connect has none, as for a tombstone. */
export interface SchemaAndValue {
  readonly schema: ConnectSchema | undefined
  readonly value: ConnectValue
}

export const isDecimal = (value: ConnectValue): value is Decimal =>
  typeof value === 'object' && value !== null && 'unscaled' in value

export const isStruct = (value: ConnectValue): value is Struct =>
  typeof value === 'object' && value !== null && 'values' in value && 'fields' in value

export const isList = (value: ConnectValue): value is readonly ConnectValue[] => Array.isArray(value)

/** Logical types of Connect itself whose values Java holds as dates. */
export const javaDates: ReadonlySet<string> = new Set([
  'org.apache.kafka.connect.data.Date',
  'org.apache.kafka.connect.data.Time',
  'org.apache.kafka.connect.data.Timestamp',
])

export const connectDecimal = 'org.apache.kafka.connect.data.Decimal'
