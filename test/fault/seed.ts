/** Numbers that a seed determines (mulberry32), so that a campaign can be run again as it was. */
export interface Dice {
  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number
  pick<T>(values: readonly T[]): T
  chance(probability: number): boolean
}

export const dice = (seed: number): Dice => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return {
    between,
    chance: (probability) => next() < probability,
    pick: (values) => {
      const value = values[between(0, values.length - 1)]
      if (value === undefined) throw new Error('nothing to pick from')
      return value
    },
  }
}

/** From ONEWRITE_SEED, or drawn; printed by the campaign, so that a failure can be replayed. */
export const seedOf = (): number =>
  Number(process.env['ONEWRITE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
