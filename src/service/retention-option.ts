import { type Duration, readDuration } from '../retry/duration.ts'

/** For ever, or how long events stay at least after they occurred. */
export type Retention = 'forever' | { readonly after: Duration }

/** An event that is repeated after a lost reply must still find the first one. */
const shortest = 60_000

/** What is wrong with how long events are to stay. */
export const afterFault = (after: unknown): string | undefined => {
  const length = readDuration(after)
  if (!Number.isFinite(length)) return `${JSON.stringify(after)} is not a duration such as "12h" or "30d"`
  return length < shortest ? `${JSON.stringify(after)} is shorter than a minute` : undefined
}

/** What is wrong with the option as it was given. */
export const retentionFault = (value: unknown): string | undefined => {
  if (value === 'forever') return undefined
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'after') {
    return 'is neither "forever" nor { after: "30d" }'
  }
  const fault = afterFault(Reflect.get(value, 'after'))
  return fault === undefined ? undefined : `after: ${fault}`
}
