import type { ConnectField, ConnectSchema, ConnectValue } from './connect-schema.ts'
import { connectDecimal } from './connect-schema.ts'
import { parseDecimal, plainText, withScale } from './decimal.ts'
import { ValueFault } from './outbox-column.ts'
import type { ColumnType } from './temporal-types.ts'
import type { ValueOptions } from './value-options.ts'

const element = /"((?:[^"\\]|\\.)*)"|([^,{}"\\\s][^,{}"\\]*)/sy

/** Elements of a one-dimensional array as PostgreSQL prints it, null where they are. */
export const arrayElements = (text: string): readonly (string | null)[] => {
  if (text === '{}') return []
  const found: (string | null)[] = []
  let at = 1
  do {
    element.lastIndex = at
    const match = text.startsWith('{') ? element.exec(text) : null
    if (match === null) throw new ValueFault('only arrays of one dimension, from 1, can be carried')
    const [whole, quoted, plain] = match
    if (quoted !== undefined) found.push(quoted.replace(/\\(.)/gs, '$1'))
    else found.push(plain === 'NULL' ? null : (plain ?? ''))
    at += whole.length + 1
  } while (text[at - 1] === ',')
  return found
}

/** Element types by the object ids of their arrays. */
export const arrays: Readonly<Record<number, number>> = {
  199: 114,
  1000: 16,
  1005: 21,
  1007: 23,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1021: 700,
  1022: 701,
  2951: 2950,
  3807: 3802,
}

export const arrayType = ({ schema, decode }: ColumnType): ColumnType => {
  const items: ConnectSchema = { ...schema, optional: true }
  return {
    schema: { type: 'array', items },
    decode: (text) => arrayElements(text).map((value) => (value === null ? null : decode(value))),
  }
}

const pointFields: readonly ConnectField[] = [
  { name: 'x', schema: { type: 'double', optional: false } },
  { name: 'y', schema: { type: 'double', optional: false } },
  { name: 'wkb', schema: { type: 'bytes', optional: true } },
  { name: 'srid', schema: { type: 'int32', optional: true } },
]

const wellKnownPoint = (x: number, y: number): Buffer => {
  const bytes = Buffer.alloc(21)
  bytes.writeUInt8(1, 0)
  bytes.writeUInt32LE(1, 1)
  bytes.writeDoubleLE(x, 5)
  bytes.writeDoubleLE(y, 13)
  return bytes
}

export const pointType: ColumnType = {
  schema: {
    type: 'struct',
    name: 'io.debezium.data.geometry.Point',
    version: 1,
    doc: 'Geometry (POINT)',
    fields: pointFields,
  },
  decode: (text): ConnectValue => {
    const [, x, y] = /^\(([^,]+),([^,]+)\)$/.exec(text) ?? []
    if (x === undefined || y === undefined) throw new ValueFault(`${JSON.stringify(text)} is no point`)
    return {
      fields: pointFields,
      values: [Number(x), Number(y), wellKnownPoint(Number(x), Number(y)), null],
    }
  },
}

const digits = 2

/** `-$1,234.56`, without what is no part of the number. */
const amountOf = (text: string) => {
  const [, sign = '', amount = ''] = /^([-(]?)[^\d.]?([\d,]*\.?\d*)\)?$/.exec(text) ?? []
  const decimal = parseDecimal(`${sign === '' ? '' : '-'}${amount.replaceAll(',', '')}`)
  if (decimal === undefined) throw new ValueFault(`${JSON.stringify(text)} is no amount`)
  return decimal
}

const preciseAmount = (text: string): ConnectValue => {
  const amount = withScale(amountOf(text), digits)
  if (amount === undefined) throw new ValueFault(`${text} has more than ${digits} decimals`)
  return amount
}

export const moneyType = (mode: ValueOptions['decimal.handling.mode']): ColumnType => {
  if (mode === 'string') return { schema: { type: 'string' }, decode: (text) => plainText(amountOf(text)) }
  if (mode === 'double') {
    return { schema: { type: 'double' }, decode: (text) => Number(plainText(amountOf(text))) }
  }
  const parameters = [['scale', String(digits)]] as const
  return { schema: { type: 'bytes', name: connectDecimal, version: 1, parameters }, decode: preciseAmount }
}
