import { ValueFault } from './outbox-column.ts'

const date = String.raw`(\d{4,})-(\d\d)-(\d\d)`
const time = String.raw`(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?`
const offset = String.raw`([+-]\d\d)(?::(\d\d))?(?::(\d\d))?`
const era = '( BC)?'

const datePattern = new RegExp(`^${date}${era}$`)
const timePattern = new RegExp(`^${time}$`)
const timeZonePattern = new RegExp(`^${time}${offset}$`)
const timestampPattern = new RegExp(`^${date} ${time}(?:${offset})?${era}$`)

const perSecond = 1_000_000n
export const microsPerDay = 86_400n * perSecond

const unreadable = (text: string): ValueFault => new ValueFault(`${JSON.stringify(text)} is no date or time`)

const daysFrom = (year: bigint, month: bigint, day: bigint): bigint => {
  const shifted = month > 2n ? year : year - 1n
  const century = (shifted >= 0n ? shifted : shifted - 399n) / 400n
  const yearOf = shifted - century * 400n
  const dayOfYear = (153n * (month + (month > 2n ? -3n : 9n)) + 2n) / 5n + day - 1n
  return century * 146_097n + yearOf * 365n + yearOf / 4n - yearOf / 100n + dayOfYear - 719_468n
}

const yearOf = (text: string | undefined, bc: string | undefined): bigint =>
  bc === undefined ? BigInt(text ?? 0) : 1n - BigInt(text ?? 0)

const microsOfDay = (parts: readonly (string | undefined)[]): bigint => {
  const [hours = 0, minutes = 0, seconds = 0, fraction = ''] = parts
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds)
  return whole * perSecond + BigInt(fraction.padEnd(6, '0') || 0)
}

const offsetMicros = (parts: readonly (string | undefined)[]): bigint => {
  const [hours = '+00', minutes = '0', seconds = '0'] = parts
  const size = BigInt(hours.slice(1)) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)
  return (hours.startsWith('-') ? -size : size) * perSecond
}

/** The days that Java's connector takes for the two infinities. */
const infiniteDays = new Map([
  ['infinity', daysFrom(-5_877_611n, 6n, 21n)],
  ['-infinity', daysFrom(-5_877_611n, 6n, 22n)],
])

const infiniteMicros = new Map([
  ['infinity', 9_223_372_036_825_200_000n],
  ['-infinity', -9_223_372_036_832_400_000n],
])

/** Days since 1970. */
export const parseDate = (text: string): bigint => {
  const infinite = infiniteDays.get(text)
  if (infinite !== undefined) return infinite
  const [matched, year, month = '0', day = '0', bc] = datePattern.exec(text) ?? []
  if (matched === undefined) throw unreadable(text)
  return daysFrom(yearOf(year, bc), BigInt(month), BigInt(day))
}

/** Microseconds since midnight; 24:00 is one day. */
export const parseTime = (text: string): bigint => {
  const match = timePattern.exec(text)
  if (match === null) throw unreadable(text)
  return microsOfDay(match.slice(1, 5))
}

/** Microseconds since midnight in UTC. */
export const parseTimeWithZone = (text: string): bigint => {
  const match = timeZonePattern.exec(text)
  if (match === null) throw unreadable(text)
  const micros = microsOfDay(match.slice(1, 5))
  if (micros === microsPerDay) throw new ValueFault('24:00 with a time zone has no place in a day')
  return (((micros - offsetMicros(match.slice(5, 8))) % microsPerDay) + microsPerDay) % microsPerDay
}

/** Microseconds since 1970, with or without a time zone. */
export const parseTimestamp = (text: string): bigint => {
  const infinite = infiniteMicros.get(text)
  if (infinite !== undefined) return infinite
  const match = timestampPattern.exec(text)
  if (match === null) throw unreadable(text)
  const [, year, month = '0', day = '0'] = match
  const days = daysFrom(yearOf(year, match[11]), BigInt(month), BigInt(day))
  return days * microsPerDay + microsOfDay(match.slice(4, 8)) - offsetMicros(match.slice(8, 11))
}

/** Rounds down, also below zero. */
export const floorDivide = (value: bigint, by: bigint): bigint => {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}

const two = (value: bigint): string => String(value).padStart(2, '0')

const yearText = (year: bigint): string => {
  const digits = String(year < 0n ? -year : year).padStart(4, '0')
  if (year < 0n) return `-${digits}`
  return year > 9999n ? `+${digits}` : digits
}

/** `2019-03-24`, as ISO 8601 and Java have it: the year before 1 is 0. */
export const dateText = (days: bigint): string => {
  const shifted = days + 719_468n
  const century = floorDivide(shifted, 146_097n)
  const dayOf = shifted - century * 146_097n
  const yearIn = (dayOf - dayOf / 1460n + dayOf / 36_524n - dayOf / 146_096n) / 365n
  const dayOfYear = dayOf - (365n * yearIn + yearIn / 4n - yearIn / 100n)
  const march = (5n * dayOfYear + 2n) / 153n
  const day = dayOfYear - (153n * march + 2n) / 5n + 1n
  const month = march < 10n ? march + 3n : march - 9n
  const year = yearIn + century * 400n + (month <= 2n ? 1n : 0n)
  return `${yearText(year)}-${two(month)}-${two(day)}`
}

/** `20:52:59.5`, with as many digits as asked for, or else as few as are needed. */
export const timeText = (micros: bigint, digits?: number): string => {
  const seconds = micros / perSecond
  const fraction = String(micros % perSecond).padStart(6, '0')
  const shown = digits === undefined ? fraction.replace(/0+$/, '') : fraction.slice(0, digits)
  const whole = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`
  return shown === '' ? whole : `${whole}.${shown}`
}

export const timestampText = (micros: bigint, digits?: number): string => {
  const days = floorDivide(micros, microsPerDay)
  return `${dateText(days)}T${timeText(micros - days * microsPerDay, digits)}Z`
}
