/** Edits (insert, delete, replace, swap of neighbours) that turn one text into the other. */
const distance = (from: string, to: string): number => {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const swapped =
        from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
          ? (beforeLast[j - 2] ?? 0) + 1
          : Number.POSITIVE_INFINITY
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced, swapped))
    }
    beforeLast = last
    last = row
  }
  return last[to.length] ?? 0
}

/** The candidate that `name` is most likely a slip of, where there is one close enough. */
export const nearest = (name: string, candidates: Iterable<string>): string | undefined => {
  // Beyond this length nobody mistypes a name, and the comparison is quadratic.
  if (name.length > 200) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits < bestDistance) [best, bestDistance] = [candidate, edits]
  }
  return best
}

/** `; did you mean order.created?`, or nothing where no candidate is close. */
export const didYouMean = (name: string, candidates: Iterable<string>): string => {
  const found = nearest(name, candidates)
  return found === undefined ? '' : `; did you mean ${found}?`
}
