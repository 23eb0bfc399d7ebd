const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * A copy whose plain objects and arrays are frozen, all the way down, without freezing what belongs to the
 * caller. Other objects (a Date, a decimal) are kept as they are. For values without cycles.
 */
export function frozenCopy<T>(value: T): T
export function frozenCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map((member) => frozenCopy(member)))
  if (!isPlain(value)) return value
  // fromEntries defines members, so that one named `__proto__` does not become a prototype.
  return Object.freeze(
    Object.fromEntries(Object.entries(value).map(([key, member]) => [key, frozenCopy(member)])),
  )
}
