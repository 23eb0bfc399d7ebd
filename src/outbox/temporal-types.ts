import type { ConnectSchema, ConnectValue } from './connect-schema.ts'
import {
  dateText,
  floorDivide,
  microsPerDay,
  parseDate,
  parseTime,
  parseTimestamp,
  parseTimeWithZone,
  timestampText,
  timeText,
} from './date-time.ts'
import { intervalMicros, intervalText } from './interval.ts'
import { ValueFault } from './outbox-column.ts'
import type { ValueOptions } from './value-options.ts'

/** How the values of a column become those of Connect. */
export interface ColumnType {
  readonly schema: Omit<ConnectSchema, 'optional' | 'default'>
  /** @throws ValueFault */
  decode(text: string): ConnectValue
}

type TimePrecision = ValueOptions['time.precision.mode']

const debezium = (type: ConnectSchema['type'], name: string): ColumnType['schema'] => ({
  type,
  name: `io.debezium.time.${name}`,
  version: 1,
})

const connect = (type: ConnectSchema['type'], name: string): ColumnType['schema'] => ({
  type,
  name: `org.apache.kafka.connect.data.${name}`,
  version: 1,
})

/** Digits of a second that a column keeps. */
const digitsOf = (modifier: number): number => (modifier === -1 ? 6 : modifier)

const noInfinity = (text: string): string => {
  if (text.endsWith('infinity')) throw new ValueFault(`${text} has no form in time.precision.mode isostring`)
  return text
}

const dateType = (mode: TimePrecision): ColumnType => {
  if (mode === 'isostring') {
    return {
      schema: debezium('string', 'IsoDate'),
      decode: (text) => `${dateText(parseDate(noInfinity(text)))}Z`,
    }
  }
  return { schema: (mode === 'connect' ? connect : debezium)('int32', 'Date'), decode: parseDate }
}

type Unit = 'Time' | 'Micro' | 'Nano'

/** Which of three precisions a mode gives a column. */
const unitOf = (mode: TimePrecision, digits: number): Unit => {
  if (mode === 'microseconds') return 'Micro'
  if (mode === 'nanoseconds') return 'Nano'
  return digits <= 3 ? 'Time' : 'Micro'
}

const inUnit = (micros: bigint, unit: Unit): bigint => {
  if (unit === 'Nano') return micros * 1000n
  return unit === 'Micro' ? micros : floorDivide(micros, 1000n)
}

const timeType = (mode: TimePrecision, digits: number): ColumnType => {
  if (mode === 'isostring') {
    const decode = (text: string): string => `${timeText(parseTime(text) % microsPerDay)}Z`
    return { schema: debezium('string', 'IsoTime'), decode }
  }
  if (mode === 'connect') {
    return { schema: connect('int32', 'Time'), decode: (text) => inUnit(parseTime(text), 'Time') }
  }
  const unit = mode === 'adaptive_time_microseconds' ? 'Micro' : unitOf(mode, digits)
  const schema = unit === 'Time' ? debezium('int32', 'Time') : debezium('int64', `${unit}Time`)
  return { schema, decode: (text) => inUnit(parseTime(text), unit) }
}

/** What Java's connector takes for the two infinities in nanoseconds: the ends of its numbers. */
const infiniteNanos = new Map([
  ['infinity', 2n ** 63n - 1n],
  ['-infinity', -(2n ** 63n)],
])

const timestampType = (mode: TimePrecision, digits: number): ColumnType => {
  if (mode === 'isostring') {
    const decode = (text: string): string => timestampText(parseTimestamp(noInfinity(text)))
    return { schema: debezium('string', 'IsoTimestamp'), decode }
  }
  if (mode === 'connect') {
    return { schema: connect('int64', 'Timestamp'), decode: (text) => inUnit(parseTimestamp(text), 'Time') }
  }
  const unit = unitOf(mode, digits)
  const schema = debezium('int64', unit === 'Time' ? 'Timestamp' : `${unit}Timestamp`)
  const decode = (text: string): bigint => inUnit(parseTimestamp(text), unit)
  if (unit !== 'Nano') return { schema, decode }
  return { schema, decode: (text) => infiniteNanos.get(text) ?? decode(text) }
}

const zonedTimestamp = (digits: number): ColumnType => ({
  schema: debezium('string', 'ZonedTimestamp'),
  decode: (text) =>
    text.endsWith('infinity') ? text : timestampText(parseTimestamp(text), digits === 0 ? undefined : digits),
})

const intervalType = (mode: ValueOptions['interval.handling.mode']): ColumnType =>
  mode === 'string'
    ? { schema: debezium('string', 'Interval'), decode: intervalText }
    : { schema: debezium('int64', 'MicroDuration'), decode: intervalMicros }

/** Dates and times by the object id of their type. */
export const temporalType = (
  type: number,
  modifier: number,
  options: ValueOptions,
): ColumnType | undefined => {
  const mode = options['time.precision.mode']
  switch (type) {
    case 1082:
      return dateType(mode)
    case 1083:
      return timeType(mode, digitsOf(modifier))
    case 1114:
      return timestampType(mode, digitsOf(modifier))
    case 1184:
      return zonedTimestamp(digitsOf(modifier))
    case 1266:
      return {
        schema: debezium('string', 'ZonedTime'),
        decode: (text) => `${timeText(parseTimeWithZone(text))}Z`,
      }
    case 1186:
      return intervalType(options['interval.handling.mode'])
    default:
      return undefined
  }
}
