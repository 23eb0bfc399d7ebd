import { OnewriteError } from '../error/onewrite-error.ts'

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

type Unit = keyof typeof units

/** Milliseconds, or a text such as `250ms`, `1.5s`, `5m`, `1h`, `7d`. */
export type Duration = number | `${number}${Unit}`

const isUnit = (text: string): text is Unit => Object.hasOwn(units, text)

/** The milliseconds of what may or may not be a duration; NaN where it is none. */
export const readDuration = (duration: unknown): number => {
  if (typeof duration === 'number') return duration
  const [, digits, unit] = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(String(duration)) ?? []
  return digits !== undefined && unit !== undefined && isUnit(unit)
    ? Number(digits) * units[unit]
    : Number.NaN
}

/**
 * The length of a duration in milliseconds.
 *
 * @param name names the option in the message of the error
 * @throws INVALID_CONFIG
 */
export const milliseconds = (duration: Duration, name = 'duration'): number => {
  const value = readDuration(duration)
  if (Number.isFinite(value) && value >= 0) return value
  const given = typeof duration === 'string' ? JSON.stringify(duration) : String(duration)
  throw new OnewriteError('INVALID_CONFIG', {
    faults: `${name}: ${given} is not a duration; write milliseconds, or a text such as 250ms, 5s, 2m, 1h, 7d`,
  })
}

/** In the largest unit that gives a whole number: `7d`, `90m`, `1500ms`. */
export const durationText = (length: number): string => {
  const [unit, size] = Object.entries(units)
    .reverse()
    .find(([, one]) => length >= one && length % one === 0) ?? ['ms', 1]
  return `${length / size}${unit}`
}
