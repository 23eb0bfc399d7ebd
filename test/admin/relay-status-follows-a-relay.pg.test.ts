import { afterEach, beforeEach, expect, it } from 'vitest'
import { relayStatus } from '../../src/admin/relay-status.ts'
import { append } from '../../src/log/append.ts'
import { type RunningService, service } from '../../src/service/service.ts'
import { memory } from '../../src/transport/memory.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { OrderPlaced, placed } from '../support/order-placed.ts'

let fresh: TestDatabase
let apps: RunningService[] = []

beforeEach(async () => {
  fresh = await freshDatabase()
})

afterEach(async () => {
  await Promise.all(apps.map((app) => app.stop()))
  apps = []
})

const start = async (): Promise<RunningService> => {
  const options = { name: 'orders', database: fresh.url, events: [OrderPlaced], transport: memory() }
  const app = await service(options).start()
  apps.push(app)
  return app
}

const status = async () => {
  const { relays, healthy, lastPosition } = await relayStatus(fresh.database)
  return { ...relays[0], healthy, lastPosition }
}

it('leads, keeps up, is stopped, and lets events wait: without a question to the transport', async () => {
  const app = await start()
  await app.transaction((tx) => append(tx, placed('order-1', 'order-2')))
  await expect.poll(status).toMatchObject({
    name: 'orders',
    state: 'leading',
    position: 2n,
    lastPosition: 2n,
    lag: { events: 0n, bytes: 0n, counted: true, seconds: 0 },
    problems: [],
    healthy: true,
  })
  await app.stop()
  await fresh.database.transaction((tx) => append(tx, placed('order-1', 'order-3', 'order-4')))
  expect(await status()).toMatchObject({
    state: 'stopped',
    position: 2n,
    lag: { events: 3n, counted: true },
    problems: [{ problem: 'nobody leads it' }],
    healthy: false,
  })
  await start()
  await expect.poll(status).toMatchObject({ state: 'leading', lag: { events: 0n }, healthy: true })
})
