export type Range = readonly [from: bigint, to: bigint]

/** Which positions have left beyond the one up to which all have. */
export interface PublishedPositions {
  /** In any order; a position may be added again. */
  add(position: bigint): void
  has(position: bigint): boolean
  /** Forgets what lies at or below. */
  dropThrough(position: bigint): void
  /** Sorted and apart from each other; undefined where there are more than a checkpoint should carry. */
  ranges(): readonly Range[] | undefined
  /** The highest; 0 where there is none. */
  readonly highest: bigint
}

/** Gaps come from concurrent writers and from positions rolled back; both are few between two moves of the floor. */
const mostRanges = 100

const insertAt = (ranges: readonly Range[], position: bigint): number => {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const to = ranges[middle]?.[1] ?? 0n
    if (to < position) low = middle + 1
    else high = middle
  }
  return low
}

export const publishedPositions = (start: readonly Range[] = []): PublishedPositions => {
  let ranges: Range[] = [...start]

  const holds = (range: Range | undefined, position: bigint): boolean =>
    range !== undefined && range[0] <= position && position <= range[1]

  const add = (position: bigint): void => {
    const index = insertAt(ranges, position)
    const [before, after] = [ranges[index - 1], ranges[index]]
    if (holds(after, position)) return
    const joinsBefore = before?.[1] === position - 1n
    const joinsAfter = after?.[0] === position + 1n
    const from = joinsBefore && before !== undefined ? before[0] : position
    const to = joinsAfter && after !== undefined ? after[1] : position
    ranges.splice(index - (joinsBefore ? 1 : 0), Number(joinsBefore) + Number(joinsAfter), [from, to])
  }

  return {
    add,
    has: (position) => holds(ranges[insertAt(ranges, position)], position),
    dropThrough: (position) => {
      if ((ranges[0]?.[0] ?? position + 1n) > position) return
      ranges = ranges
        .filter(([, to]) => to > position)
        .map(([from, to]) => [from > position ? from : position + 1n, to])
    },
    ranges: () => (ranges.length > mostRanges ? undefined : [...ranges]),
    get highest() {
      return ranges.at(-1)?.[1] ?? 0n
    },
  }
}
