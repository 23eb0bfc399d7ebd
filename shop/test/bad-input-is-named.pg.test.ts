import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { customerId, orderText, productId, type RunningShop, runningShop } from './running-shop.ts'

let shop: RunningShop
beforeAll(async () => {
  shop = await runningShop()
})
afterAll(() => shop.close())

const item = (quantity: string, unitPrice: string): string => orderText({ quantity, unitPrice })
const withItems = (items: string): string => `{"customerId":"${customerId}","items":${items}}`
const good = { productId, quantity: 1, unitPrice: 1 }
const withCustomer = (customer: unknown): string => JSON.stringify({ customerId: customer, items: [good] })
const times = (count: number): string => withItems(JSON.stringify(Array.from({ length: count }, () => good)))

const refusals: [given: string, body: string, error: string][] = [
  ['customerId null', withCustomer(null), 'customerId cannot be null'],
  ['customerId missing', JSON.stringify({ items: [good] }), 'customerId cannot be null'],
  ['customerId no UUID', withCustomer('me'), 'customerId must be a UUID'],
  ['customerId a number', withCustomer(7), 'customerId must be a UUID'],
  ['items missing', JSON.stringify({ customerId }), 'items cannot be empty'],
  ['items null', withItems('null'), 'items cannot be empty'],
  ['items empty', withItems('[]'), 'items cannot be empty'],
  ['items no list', withItems('"x"'), 'items must be a list'],
  ['an item that is null', withItems('[null]'), 'items must be a list of objects'],
  ['too many items', times(1001), 'items cannot be more than 1000'],
  ['productId missing', withItems('[{"quantity":1,"unitPrice":1}]'), 'productId cannot be null'],
  [
    'productId no UUID',
    withItems('[{"productId":"x","quantity":1,"unitPrice":1}]'),
    'productId must be a UUID',
  ],
  ['quantity zero', item('0', '1'), 'quantity must be positive'],
  ['quantity negative', item('-1', '1'), 'quantity must be positive'],
  ['quantity null', item('null', '1'), 'quantity cannot be null'],
  ['quantity broken', item('1.5', '1'), 'quantity must be an integer'],
  ['quantity that a double rounds to 1', item('1.00000000000000000001', '1'), 'quantity must be an integer'],
  ['quantity as text', item('"1"', '1'), 'quantity must be an integer'],
  ['quantity above int4', item('2147483648', '0.01'), 'quantity must be at most 2147483647'],
  ['unitPrice zero', item('1', '0'), 'unitPrice must be positive'],
  ['unitPrice zero with decimals', item('1', '0.00'), 'unitPrice must be positive'],
  ['unitPrice negative', item('1', '-0.01'), 'unitPrice must be positive'],
  ['unitPrice null', item('1', 'null'), 'unitPrice cannot be null'],
  ['unitPrice no number', item('1', '"cheap"'), 'unitPrice must be a decimal number'],
  ['unitPrice true', item('1', 'true'), 'unitPrice must be a decimal number'],
  ['three decimals', item('1', '1.005'), 'unitPrice must have at most 2 decimals'],
  [
    'decimals that a double rounds away',
    item('1', '0.1000000000000000001'),
    'unitPrice must have at most 2 decimals',
  ],
  ['a price above numeric(10,2)', item('1', '100000000'), 'unitPrice must be at most 99999999.99'],
  [
    'a price a double rounds to one that fits',
    item('1', '99999999.990000001'),
    'unitPrice must be at most 99999999.99',
  ],
  ['a price beyond a double', item('1', '1e400'), 'unitPrice must be at most 99999999.99'],
  ['a total above numeric(10,2)', item('2', '50000000'), 'total must be at most 99999999.99'],
  ['a body that is no object', '[]', 'request body must be a JSON object'],
]

const counts = `select (select count(*) from orders)::int + (select count(*) from onewrite.events)::int`

describe('bad input', () => {
  it.each(refusals)('%s is refused with 400 and named', async (_given, body, error) => {
    const response = await shop.post(body)
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 400, body: { error } })
  })

  it.each(['{', '', '{"customerId":1,}', '['.repeat(100_000)])(
    'that is no JSON is refused with 400',
    async (body) => {
      const response = await shop.post(body)
      expect(response.status).toBe(400)
      expect(await response.json()).toEqual({
        error: expect.stringMatching(/^request body is not valid JSON: /),
      })
    },
  )

  it('with several faults names them all, the first one as the error', async () => {
    const response = await shop.post('{}')
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: 'customerId cannot be null',
      faults: [
        { path: '/customerId', message: 'customerId cannot be null' },
        { path: '/items', message: 'items cannot be empty' },
      ],
    })
  })

  it('too large is refused with 413', async () => {
    const response = await shop.post(`"${'x'.repeat(300 * 1024)}"`)
    expect(response.status).toBe(413)
    expect(await response.json()).toEqual({ error: expect.any(String) })
  })

  it('of another media type is refused with 415', async () => {
    expect((await shop.post('a=b', { 'content-type': 'text/plain' })).status).toBe(415)
  })

  it.each([
    ['empty', ''],
    ['longer than 255', 'k'.repeat(256)],
    ['beyond ASCII', 'clé'],
  ])('an Idempotency-Key that is %s is refused with 400', async (_what, key) => {
    const response = await shop.post(item('1', '1'), { 'idempotency-key': key })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: 'Idempotency-Key must be 1 to 255 printable ASCII characters',
    })
  })

  it('leaves no row and no event', async () => {
    const before = await shop.ask(counts)
    await shop.post('{}')
    await shop.post(item('2', '50000000'))
    expect(await shop.ask(counts)).toBe(before)
  })
})

describe('input at the limits', () => {
  it.each([
    ['the largest price', item('1', '99999999.99')],
    ['a price as text', item('1', '"0.01"')],
    ['a price with an exponent', item('1', '1E1')],
    ['trailing zeros', item('3', '1.500')],
    ['1,000 items', times(1000)],
  ])('is taken: %s', async (_what, body) => {
    expect((await shop.post(body)).status).toBe(201)
  })

  it('is taken: an Idempotency-Key of 255 characters', async () => {
    expect((await shop.post(item('1', '1'), { 'idempotency-key': 'k'.repeat(255) })).status).toBe(201)
  })
})
