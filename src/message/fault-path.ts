type Segment = PropertyKey | { readonly key: PropertyKey }

const segmentText = (segment: Segment): string => {
  const key = typeof segment === 'object' ? segment.key : segment
  if (typeof key === 'number') return `[${key}]`
  const text = String(key)
  return /^[A-Za-z_$][\w$]*$/.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`
}

/** `items[0].price`; empty for the value itself. Names that are no identifiers are quoted. */
export const pathText = (path: readonly Segment[]): string =>
  path.map(segmentText).join('').replace(/^\./, '')

/** One fault with the place it is at. */
export const faultText = (path: readonly Segment[], fault: string): string =>
  path.length === 0 ? fault : `${pathText(path)}: ${fault}`

const mostFaults = 100

/** Joins faults for a message; a very long list is cut, and says so. */
export const faultList = (faults: readonly string[]): string =>
  faults.length <= mostFaults
    ? faults.join('; ')
    : `${faults.slice(0, mostFaults).join('; ')}; and ${faults.length - mostFaults} more`
