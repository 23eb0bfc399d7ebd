import { ValueFault } from './outbox-column.ts'

interface Interval {
  readonly years: number
  readonly months: number
  readonly days: number
  readonly hours: number
  readonly minutes: number
  readonly micros: number
}

const pattern =
  /^(?:([+-]?\d+) years? ?)?(?:([+-]?\d+) mons? ?)?(?:([+-]?\d+) days? ?)?(?:([+-])?(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/

/** An interval as PostgreSQL prints it: `1 year 2 mons -3 days +04:05:06.7`. */
const parse = (text: string): Interval => {
  const match = pattern.exec(text)
  if (match === null) throw new ValueFault(`${JSON.stringify(text)} is no interval`)
  const [, years = 0, months = 0, days = 0, sign, hours = 0, minutes = 0, seconds = 0, fraction = ''] = match
  const signed = (value: string | number): number => (sign === '-' ? -Number(value) || 0 : Number(value))
  return {
    years: Number(years),
    months: Number(months),
    days: Number(days),
    hours: signed(hours),
    minutes: signed(minutes),
    micros: signed(Number(seconds) * 1_000_000 + Number(fraction.padEnd(6, '0'))),
  }
}

const daysPerMonth = 365.25 / 12

/** Microseconds, with months of 30.4375 days; in floating point as in Java, which is where they come from. */
export const intervalMicros = (text: string): bigint => {
  const { years, months, days, hours, minutes, micros } = parse(text)
  const numberOfDays = (years * 12 + months) * daysPerMonth + days
  const seconds = ((numberOfDays * 24 + hours) * 60 + minutes) * 60 + micros / 1e6
  return BigInt(Math.trunc(seconds * 1e6))
}

/** `P1Y2M-3DT4H5M6.7S`. */
export const intervalText = (text: string): string => {
  const { years, months, days, hours, minutes, micros } = parse(text)
  const size = String(Math.abs(micros)).padStart(7, '0')
  const fraction = size.slice(-6).replace(/0+$/, '')
  const seconds = `${micros < 0 ? '-' : ''}${size.slice(0, -6)}${fraction === '' ? '' : `.${fraction}`}`
  return `P${years}Y${months}M${days}DT${hours}H${minutes}M${seconds}S`
}
