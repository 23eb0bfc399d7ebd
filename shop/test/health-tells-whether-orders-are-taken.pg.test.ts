import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Embedded, embedded, postgres } from 'onewrite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OrderService, startOrderService } from '../src/order-service.ts'
import { orderText, silent } from './running-shop.ts'

// A server of this file's own: it is killed here.
let folder: string
let server: Embedded
let shop: OrderService
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shop-test-'))
  // The server runs as another account when this one is root.
  await chmod(folder, 0o755)
  server = embedded({ directory: join(folder, 'data') })
  const address = { host: '127.0.0.1', port: 0 }
  shop = await startOrderService({ database: server, transport: postgres(), logger: silent, address })
})
afterAll(async () => {
  await shop?.stop()
  await rm(folder, { recursive: true })
})

const health = async (): Promise<unknown> => {
  const response = await fetch(`${shop.url}/actuator/health`)
  return { status: response.status, body: await response.text() }
}
const up = { status: 200, body: '{"status":"UP"}' }
const down = { status: 503, body: '{"status":"DOWN"}' }

const post = (): Promise<Response> =>
  fetch(`${shop.url}/orders`, {
    method: 'POST',
    body: orderText({ quantity: '1', unitPrice: '1' }),
    headers: { 'content-type': 'application/json', 'idempotency-key': 'through-the-outage' },
  })

it('without its database the service is DOWN and refuses orders; with it back, all is well', async () => {
  expect(await health()).toEqual(up)
  await server.kill()
  expect(await health()).toEqual(down)
  const refused = await post()
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await refused.json()).toEqual({
    error: 'the service cannot record orders at the moment; try again',
  })
  await server.start()
  await expect.poll(health, { timeout: 20_000 }).toEqual(up)
  expect((await post()).status).toBe(201)
})
