import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountFault, sumOf, toAmount, toJsonNumber } from '../src/money.ts'

// The oracle counts whole cents with bigint; it shares no code with what it checks.
const textOf = (cents: bigint): string => `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`
const withoutTrailingZeros = (text: string): string => text.replace(/\.?0+$/, '')

const mostCents = 9_999_999_999n
const price = fc.bigInt({ min: 1n, max: mostCents })
const quantity = fc.integer({ min: 1, max: 2_147_483_647 })

describe('an amount', () => {
  it('goes through a JSON number without losing a cent', () => {
    fc.assert(
      fc.property(price, (cents) => {
        const text = textOf(cents)
        const asJson = JSON.stringify(toJsonNumber(text))
        expect(asJson).toBe(withoutTrailingZeros(text))
        expect(toAmount(asJson)).toBe(text)
        expect(toAmount(JSON.parse(asJson))).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  it('adds up to the cent', () => {
    const lines = fc.array(fc.record({ quantity, cents: price }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(lines, (items) => {
        const total = items.reduce((sum, item) => sum + BigInt(item.quantity) * item.cents, 0n)
        expect(sumOf(items.map((item) => ({ ...item, unitPrice: textOf(item.cents) })))).toBe(textOf(total))
      }),
      { numRuns: 1000 },
    )
  })

  it('that needs a third decimal is never taken, however small that decimal is', () => {
    const tail = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 9 }))
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: mostCents - 1n }), tail, (cents, [zeros, digit]) => {
        const text = `${textOf(cents)}${'0'.repeat(zeros)}${digit}`
        expect(amountFault(text)).toBe('must have at most 2 decimals')
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    '',
    ' 1',
    '1 ',
    '+1',
    '.5',
    '5.',
    '0x10',
    '1_000',
    '1,5',
    'NaN',
    'Infinity',
    '1e99999',
    NaN,
    Infinity,
  ])('is not read from %j', (value) => {
    expect(amountFault(value)).toBe('must be a decimal number')
  })

  it.each([
    ['1e-9999', 'must have at most 2 decimals'],
    ['1e9999', 'must be at most 99999999.99'],
  ])('of the extreme size %s is refused at once', (value, fault) => {
    expect(amountFault(value)).toBe(fault)
  })
})
