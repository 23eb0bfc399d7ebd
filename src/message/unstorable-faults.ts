import { faultText } from './fault-path.ts'

type Path = readonly (string | number)[]

/** With the u flag a surrogate matches only where it stands alone. */
const loneSurrogate = /\p{Surrogate}/u

const textFault = (text: string): string | undefined => {
  if (text.includes('\0')) return 'U+0000'
  if (loneSurrogate.test(text)) return 'a lone surrogate'
  return undefined
}

/** The key itself cannot be shown in a message, so the fault is told at its parent. */
const look = (value: unknown, path: Path, faults: string[]): void => {
  if (typeof value === 'string') {
    const fault = textFault(value)
    if (fault !== undefined) faults.push(faultText(path, fault))
  }
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    value.forEach((member, index) => {
      look(member, [...path, index], faults)
    })
    return
  }
  for (const [key, member] of Object.entries(value)) {
    const fault = textFault(key)
    if (fault !== undefined) faults.push(faultText(path, `${fault} in the name ${JSON.stringify(key)}`))
    look(member, [...path, key], faults)
  }
}

/** Every text in a JSON value that PostgreSQL refuses in jsonb, each with its path. */
export const unstorableFaults = (value: unknown): readonly string[] => {
  const faults: string[] = []
  look(value, [], faults)
  return faults
}
