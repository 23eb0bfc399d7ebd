import { applyToJson, holdsHiddenState, mostDepth } from './json-value.ts'

export interface MeasuredJson {
  readonly verdict: 'fine' | 'unserializable' | 'too large'
  /** By how many bytes PostgreSQL's text of a jsonb is longer than that of JSON.stringify, at most. */
  readonly growth: number
}

interface Walk {
  valuesLeft: number
  growth: number
}

/** jsonb prints numbers without an exponent: 1e-308 takes 310 digits. */
const mostDigits = 330
const spelledWithExponent = (value: number): boolean => {
  const size = Math.abs(value)
  return size >= 1e21 || (size < 1e-6 && size > 0)
}

const passesNumber = (value: number, walk: Walk): boolean => {
  if (!Number.isFinite(value)) return false
  if (spelledWithExponent(value)) walk.growth += mostDigits
  return true
}

const passesArray = (values: readonly unknown[], depth: number, walk: Walk): boolean => {
  // An index, not an iterator: a hole counts as undefined, and this is the hot path of append.
  for (let index = 0; index < values.length; index++) {
    if (!passes(values[index], String(index), depth, walk)) return false
  }
  walk.growth += Math.max(0, values.length - 1)
  return true
}

const passesObject = (value: object, depth: number, walk: Walk): boolean => {
  if (holdsHiddenState(value)) return false
  let kept = 0
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue
    kept++
    if (!passes(member, key, depth, walk)) return false
  }
  walk.growth += Math.max(0, 2 * kept - 1)
  return true
}

const passes = (given: unknown, key: string, depth: number, walk: Walk): boolean => {
  if (walk.valuesLeft-- <= 0 || depth > mostDepth) return false
  if (typeof given === 'string' || typeof given === 'boolean' || given === null) return true
  if (typeof given === 'number') return passesNumber(given, walk)
  const value = applyToJson(given, key)
  if (value !== given) return passes(value, key, depth + 1, walk)
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) ? passesArray(value, depth + 1, walk) : passesObject(value, depth + 1, walk)
}

/**
 * One quick pass before JSON.stringify, which would turn NaN into null, a Map into {} and drop functions
 * without a word. The number of values is bounded by the bytes allowed, because each takes at least one: so a
 * small graph that unfolds into a huge text ends here, and so does a cycle.
 */
export const measureJson = (value: unknown, mostBytes: number): MeasuredJson => {
  const walk: Walk = { valuesLeft: mostBytes, growth: 0 }
  const fine = passes(value, '', 0, walk)
  if (fine) return { verdict: 'fine', growth: walk.growth }
  return { verdict: walk.valuesLeft < 0 ? 'too large' : 'unserializable', growth: 0 }
}
