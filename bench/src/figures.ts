/** The middle one, or the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2
}

/** Nearest rank of a sorted list. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN

/** Three digits that mean something. */
export const round = (value: number): number => {
  if (!Number.isFinite(value) || Math.abs(value) >= 1000) return Math.round(value)
  return Number(value.toPrecision(3))
}

/** `median (least-most)`, rounded. */
export const spread = (values: readonly number[]): string =>
  `${round(median(values)).toLocaleString('en')} (${round(Math.min(...values)).toLocaleString('en')}-${round(Math.max(...values)).toLocaleString('en')})`
