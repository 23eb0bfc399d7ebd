import { connectDecimal } from './connect-schema.ts'
import { parseDecimal, plainText, stripped, unscaledBytes, withScale } from './decimal.ts'
import { type OutboxColumn, ValueFault } from './outbox-column.ts'
import { arrays, arrayType, moneyType, pointType } from './structured-types.ts'
import { type ColumnType, temporalType } from './temporal-types.ts'
import type { ValueOptions } from './value-options.ts'

const text = (name?: string): ColumnType => ({
  schema:
    name === undefined
      ? { type: 'string' }
      : { type: 'string', name: `io.debezium.data.${name}`, version: 1 },
  decode: (value) => value,
})

const whole = (type: 'int16' | 'int32' | 'int64'): ColumnType => ({
  schema: { type },
  decode: (value) => {
    if (!/^[+-]?\d+$/.test(value)) throw new ValueFault(`${JSON.stringify(value)} is no whole number`)
    return BigInt(value)
  },
})

const floating = (type: 'float' | 'double'): ColumnType => ({
  schema: { type },
  decode: (value) => (type === 'float' ? Math.fround(Number(value)) : Number(value)),
})

const boolean: ColumnType = {
  schema: { type: 'boolean' },
  decode: (value) => value === 't' || value === 'true',
}

const simple: Readonly<Record<number, ColumnType>> = {
  16: boolean,
  18: text(),
  20: whole('int64'),
  21: whole('int16'),
  23: whole('int32'),
  25: text(),
  26: whole('int64'),
  114: text('Json'),
  142: text('Xml'),
  650: text(),
  700: floating('float'),
  701: floating('double'),
  774: text(),
  829: text(),
  869: text(),
  1042: text(),
  1043: text(),
  2950: text('Uuid'),
  3802: text('Json'),
  3904: text(),
  3906: text(),
  3908: text(),
  3910: text(),
  3912: text(),
  3926: text(),
}

const binary = (mode: ValueOptions['binary.handling.mode']): ColumnType => {
  const bytesOf = (value: string): Buffer => Buffer.from(value.slice(2), 'hex')
  if (mode === 'bytes') return { schema: { type: 'bytes' }, decode: bytesOf }
  const urlSafe = (bytes: Buffer): string =>
    bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  const forms = {
    hex: (bytes: Buffer): string => bytes.toString('hex'),
    base64: (bytes: Buffer): string => bytes.toString('base64'),
    'base64-url-safe': urlSafe,
  }
  return { schema: { type: 'string' }, decode: (value) => forms[mode](bytesOf(value)) }
}

const special: Readonly<Record<string, string>> = {
  NaN: 'NAN',
  Infinity: 'POSITIVE_INFINITY',
  '-Infinity': 'NEGATIVE_INFINITY',
}

const decimalOf = (value: string) => {
  const decimal = parseDecimal(value)
  if (decimal !== undefined) return decimal
  throw new ValueFault(`${JSON.stringify(value)} is no exact number; decimal.handling.mode string carries it`)
}

const scaleFields = [
  { name: 'scale', schema: { type: 'int32', optional: false } },
  { name: 'value', schema: { type: 'bytes', optional: false } },
] as const

const anyScale: ColumnType = {
  schema: {
    type: 'struct',
    name: 'io.debezium.data.VariableScaleDecimal',
    version: 1,
    doc: 'Variable scaled decimal',
    fields: scaleFields,
  },
  decode: (value) => {
    const decimal = stripped(decimalOf(value))
    return { fields: scaleFields, values: [BigInt(decimal.scale), unscaledBytes(decimal)] }
  },
}

const scaled = (precision: number, scale: number): ColumnType => ({
  schema: {
    type: 'bytes',
    name: connectDecimal,
    version: 1,
    parameters: [
      ['scale', String(scale)],
      ['connect.decimal.precision', String(precision)],
    ],
  },
  decode: (value) => {
    const decimal = withScale(decimalOf(value), scale)
    if (decimal === undefined) throw new ValueFault(`${value} has more than ${scale} decimals`)
    return decimal
  },
})

/** Scales of numeric columns have 11 bits, the highest of which is the sign. */
const scaleOf = (modifier: number): number => (((modifier - 4) & 0x7ff) ^ 0x400) - 0x400

const numeric = (modifier: number, mode: ValueOptions['decimal.handling.mode']): ColumnType | string => {
  if (modifier !== -1 && scaleOf(modifier) < 0) return 'a numeric with a negative scale'
  if (mode === 'double') {
    return { schema: { type: 'double' }, decode: (value) => Number(value) }
  }
  if (mode === 'string') {
    return { schema: { type: 'string' }, decode: (value) => special[value] ?? plainText(decimalOf(value)) }
  }
  return modifier === -1 ? anyScale : scaled(((modifier - 4) >> 16) & 0xffff, scaleOf(modifier))
}

/** The last bit first, without zeros behind the last one that is set. */
const bitBytes = (value: string): Buffer => {
  const bits = value.replace(/^0+/, '')
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  for (let index = 0; index < bits.length; index += 1) {
    const place = bits.length - 1 - index
    if (bits[index] === '1') bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7))
  }
  return bytes
}

const bits = (modifier: number): ColumnType => {
  if (modifier === 1) return { schema: { type: 'boolean' }, decode: (value) => /[1-9]/.test(value) }
  const length = modifier === -1 ? 2 ** 31 - 1 : modifier
  const parameters = [['length', String(length)]] as const
  return {
    schema: { type: 'bytes', name: 'io.debezium.data.Bits', version: 1, parameters },
    decode: bitBytes,
  }
}

/**
 * How Debezium's connector carries a column; a text that names the type where that is not known here.
 */
export const columnType = (column: OutboxColumn, options: ValueOptions): ColumnType | string => {
  const { type, modifier, typeName, labels } = column
  if (labels !== undefined) {
    const { schema, decode } = text('Enum')
    return { schema: { ...schema, parameters: [['allowed', labels.join(',')]] }, decode }
  }
  if (typeName === 'citext') return text()
  if (type === 17) return binary(options['binary.handling.mode'])
  if (type === 1700) return numeric(modifier, options['decimal.handling.mode'])
  if (type === 1560 || type === 1562) return bits(modifier)
  if (type === 600) return pointType
  if (type === 790) return moneyType(options['decimal.handling.mode'])
  const item = simple[arrays[type] ?? 0]
  if (item !== undefined) return arrayType(item)
  return simple[type] ?? temporalType(type, modifier, options) ?? typeName
}
