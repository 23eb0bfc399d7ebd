import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { customerId, orderText, productId, type RunningShop, runningShop } from './running-shop.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const Operation = z.object({
  parameters: z.array(z.unknown()).optional(),
  responses: z.record(z.string(), z.unknown()),
})
const OpenApi = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
})

let shop: RunningShop
beforeAll(async () => {
  shop = await runningShop()
})
afterAll(() => shop.close())

describe('the order service', () => {
  it('takes an order with 201 and its id alone', async () => {
    const response = await shop.post(orderText({ quantity: '2', unitPrice: '149.95' }))
    expect(response.status).toBe(201)
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    expect(await response.json()).toEqual({ orderId: expect.stringMatching(uuid) })
  })

  it('gives the order back with exactly the documented fields', async () => {
    const id = await shop.place(orderText({ quantity: '2', unitPrice: '149.95' }))
    const response = await shop.get(`/orders/${id}`)
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(JSON.parse(text)).toEqual({
      id,
      customerId,
      status: 'CREATED',
      total: 299.9,
      items: [{ productId, quantity: 2, unitPrice: 149.95 }],
      createdAt: expect.stringMatching(isoTime),
      updatedAt: expect.stringMatching(isoTime),
    })
    expect(text).toContain('"total":299.9,')
  })

  it('takes ids in capitals and gives them back in small letters', async () => {
    const body = orderText({ quantity: '1', unitPrice: '1' }).replace(customerId, customerId.toUpperCase())
    const id = await shop.place(body)
    expect(await (await shop.get(`/orders/${id.toUpperCase()}`)).json()).toMatchObject({ id, customerId })
  })

  it('answers an unknown order with 404 and no body', async () => {
    const response = await shop.get('/orders/00000000-0000-4000-8000-000000000000')
    expect(response.status).toBe(404)
    expect(await response.text()).toBe('')
  })

  it.each(['42', 'x'.repeat(300), `${customerId}0`])('answers the malformed id %s with 400', async (id) => {
    const response = await shop.get(`/orders/${id}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error: 'id must be a UUID' })
  })

  it('says that it is up', async () => {
    const response = await shop.get('/actuator/health')
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{"status":"UP"}')
  })

  it.each(['/', '/actuator', '/actuator/env', '/chaos/phantom-event'])('has nothing at %s', async (path) => {
    expect((await shop.get(path)).status).toBe(404)
  })

  it('serves its OpenAPI document', async () => {
    const document = OpenApi.parse(await (await shop.get('/openapi.json')).json())
    expect(Object.keys(document.paths)).toEqual(['/orders', '/orders/{id}', '/actuator/health'])
    const { parameters, responses } = document.paths['/orders']?.['post'] ?? {}
    expect(parameters).toEqual([
      expect.objectContaining({ in: 'header', name: 'idempotency-key', required: false }),
    ])
    expect(Object.keys(responses ?? {})).toEqual(['201', '400', '413', '415', '422', '503'])
    expect(Object.keys(document.paths['/orders/{id}']?.['get']?.responses ?? {})).toEqual([
      '200',
      '400',
      '404',
      '503',
    ])
  })
})
