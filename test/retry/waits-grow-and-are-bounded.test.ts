import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidConfigError } from '../../src/error/classes.ts'
import { exponential } from '../../src/retry/backoff.ts'
import { milliseconds } from '../../src/retry/duration.ts'

describe('a duration', () => {
  it.each([
    [250, 250],
    [0, 0],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ] as const)('%s is %i ms', (duration, expected) => {
    expect(milliseconds(duration)).toBe(expected)
  })

  it.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    '5',
    '5 minutes',
    '-1s',
    '1e3s',
    ' 5s',
    '5S',
    `${'9'.repeat(400)}s`,
    null,
  ])('%j is refused, with the name of the option and what to write', (duration) => {
    // @ts-expect-error callers without types
    const read = () => milliseconds(duration, 'retry.for')
    expect(read).toThrow(InvalidConfigError)
    expect(read).toThrow(
      /retry\.for: .* is not a duration; write milliseconds, or a text such as 250ms, 5s, 2m/,
    )
  })
})

describe('an exponential backoff', () => {
  it('grows by its factor up to its longest wait', () => {
    const backoff = exponential('1s', { max: '60s', factor: 2, jitter: 'none' })
    expect([1, 2, 3, 6, 7, 8, 5_000].map(backoff)).toEqual([
      1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000,
    ])
  })

  it('doubles up to a minute by default', () => {
    const backoff = exponential(1_000, { random: () => 0.999_999_9 })
    expect([1, 2, 100].map(backoff)).toEqual([1_000, 2_000, 60_000])
  })

  it('with full jitter waits anywhere from 0 to the computed wait', () => {
    expect(exponential('1s', { random: () => 0 })(3)).toBe(0)
    expect(exponential('1s', { random: () => 0.5 })(3)).toBe(2_000)
  })

  it('is always a whole number of milliseconds that a timer can take', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        fc.double({ min: 1, max: 10, noNaN: true }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (base, factor, attempt, random) => {
          const wait = exponential(base, { factor, random: () => random })(attempt)
          expect(Number.isSafeInteger(wait) && wait >= 0 && wait <= 60_000).toBe(true)
        },
      ),
    )
  })

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses the factor %s', (factor) => {
    expect(() => exponential('1s', { factor })).toThrow(InvalidConfigError)
  })
})
