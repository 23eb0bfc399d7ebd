import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { orderText, type RunningShop, runningShop } from './running-shop.ts'

let shop: RunningShop
beforeAll(async () => {
  shop = await runningShop()
})
afterAll(() => shop.close())

const textOf = (cents: bigint): string => `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`
const withoutTrailingZeros = (text: string): string => text.replace(/\.?0+$/, '')

const lines = fc.array(
  fc.record({ cents: fc.bigInt({ min: 1n, max: 9_999_999n }), quantity: fc.integer({ min: 1, max: 9 }) }),
  { minLength: 100, maxLength: 100 },
)
const totalOf = (items: readonly { cents: bigint; quantity: number }[]): string =>
  withoutTrailingZeros(textOf(items.reduce((sum, { cents, quantity }) => sum + cents * BigInt(quantity), 0n)))

// Compared as text: parsing the answer here would hide what a double does to it.
const pricesIn = (json: string): (string | undefined)[] =>
  Array.from(json.matchAll(/"unitPrice": ?([^,}]+)/g), (match) => match[1])

it('1,000 random prices come back and leave to the cent', { timeout: 60_000 }, async () => {
  const takesExactly = async (items: { cents: bigint; quantity: number }[]): Promise<void> => {
    const given = items.map(({ cents, quantity }) => ({
      quantity: String(quantity),
      unitPrice: textOf(cents),
    }))
    const prices = given.map(({ unitPrice }) => withoutTrailingZeros(unitPrice))
    const id = await shop.place(orderText(...given))
    const answer = await (await shop.get(`/orders/${id}`)).text()
    expect(answer).toContain(`"total":${totalOf(items)},`)
    expect(pricesIn(answer)).toEqual(prices)
    const payload = String(
      await shop.ask('select payload::text from onewrite.events where aggregate_id = $1', [id]),
    )
    expect(payload).toContain(`"totalAmount": ${totalOf(items)}`)
    expect(pricesIn(payload)).toEqual(prices)
  }
  await fc.assert(fc.asyncProperty(lines, takesExactly), { numRuns: 10, endOnFailure: true })
})

it.each([
  ['2', '149.95', '299.9'],
  ['3', '0.1', '0.3'],
  ['1', '99999999.99', '99999999.99'],
  ['100', '10.00', '1000'],
])('%s times %s is %s', async (quantity, unitPrice, total) => {
  const id = await shop.place(orderText({ quantity, unitPrice }))
  expect(await (await shop.get(`/orders/${id}`)).text()).toContain(`"total":${total},`)
})
