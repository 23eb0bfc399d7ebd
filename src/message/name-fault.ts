const mostLength = 200
const name = /^[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)*$/

/**
 * What is wrong with the name of an event or an aggregate. Names become parts of topics and header values,
 * and are compared byte by byte.
 */
export const nameFault = (what: string, value: unknown): string | undefined => {
  if (typeof value !== 'string') return `${what} must be a text`
  if (value.length > mostLength) return `${what} is ${value.length} characters, the limit is ${mostLength}`
  if (name.test(value)) return undefined
  return `${what} ${JSON.stringify(value)} must be words of letters and digits, joined by . _ or -, like order.created`
}
