import { faultText } from './fault-path.ts'
import { applyToJson, holdsHiddenState, mostDepth } from './json-value.ts'

type Path = readonly (string | number)[]

interface Search {
  readonly faults: string[]
  readonly ancestors: Set<unknown>
  valuesLeft: number
}

const leafFault = (value: unknown): string | undefined => {
  if (typeof value === 'bigint') return 'a bigint; write it as a string'
  if (typeof value === 'number' && !Number.isFinite(value)) return `${value} is not a JSON number`
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (value === undefined) return 'undefined'
  return undefined
}

const objectFault = (value: object, path: Path, search: Search): string | undefined => {
  if (search.ancestors.has(value)) return 'refers back to an object that contains it'
  if (path.length > mostDepth) return `nested deeper than ${mostDepth}`
  if (!Array.isArray(value) && holdsHiddenState(value)) return `a ${value.constructor.name}`
  return undefined
}

const members = (value: object): (readonly [string | number, unknown])[] =>
  Array.isArray(value)
    ? Array.from(value, (member: unknown, index) => [index, member] as const)
    : Object.entries(value).filter(([, member]) => member !== undefined)

const look = (given: unknown, path: Path, search: Search): void => {
  if (search.valuesLeft-- <= 0) return
  const value = applyToJson(given, String(path.at(-1) ?? ''))
  const leaf = leafFault(value)
  if (leaf !== undefined) search.faults.push(faultText(path, leaf))
  if (typeof value !== 'object' || value === null) return
  const fault = objectFault(value, path, search)
  if (fault !== undefined) {
    search.faults.push(faultText(path, fault))
    return
  }
  search.ancestors.add(value)
  for (const [key, member] of members(value)) look(member, [...path, key], search)
  search.ancestors.delete(value)
}

/**
 * Everything in a value that JSON cannot carry, each with its path. Slow; for a value known to be at fault.
 */
export const unserializableFaults = (value: unknown): readonly string[] => {
  const search: Search = { faults: [], ancestors: new Set(), valuesLeft: 1_000_000 }
  look(value, [], search)
  return search.faults
}
