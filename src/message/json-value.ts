/** Deeper than any event needs, and well within the stack of JSON.stringify and of PostgreSQL's parser. */
export const mostDepth = 1_000

const hasToJson = (value: object): value is { toJSON(key: string): unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function'

/** What JSON.stringify would go on with. */
export const applyToJson = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && hasToJson(value) ? value.toJSON(key) : value

const hiddenStates = [
  Map,
  Set,
  WeakMap,
  WeakSet,
  Promise,
  RegExp,
  Error,
  ArrayBuffer,
  Number,
  String,
  Boolean,
]

/** Whether JSON.stringify would lose what the object holds, and write {} or something else in its place. */
export const holdsHiddenState = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return false
  return ArrayBuffer.isView(value) || hiddenStates.some((one) => value instanceof one)
}
