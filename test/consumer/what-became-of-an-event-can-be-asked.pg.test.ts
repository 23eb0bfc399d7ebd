import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Fate, type Noted, type Notifications, notifications } from '../../src/consumer/notifications.ts'
import { readNotifications } from '../../src/consumer/read-notifications.ts'
import { registerConsumer } from '../../src/consumer/register-consumer.ts'
import { sweep } from '../../src/consumer/sweep.ts'
import { silentLogger } from '../../src/lifecycle/logger.ts'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'

const cause = { code: 'HANDLER_REFUSED', message: 'unknown product' }

let database: Database
let name: string
let noting: Notifications
let made = 0

beforeAll(async () => {
  database = (await freshDatabase()).database
})

beforeEach(async () => {
  name = `consumer ${++made}`
  const consumer = await registerConsumer(database, name)
  noting = notifications({ database, consumer, logger: silentLogger, every: 60_000 })
})

const event = (id: string): Noted => ({
  received: { id, type: 'order.created', record: { topic: 'order.events', partition: 3 } },
  offset: 17n,
})

const noted = async (...fates: readonly Fate[]) => {
  for (const fate of fates) {
    noting.note(event('e'), fate)
    await noting.close()
  }
  const [found] = await readNotifications(database, { consumer: name, eventId: 'e' })
  return found
}

describe('of an event', () => {
  it('that succeeded', async () => {
    expect(await noted({ status: 'SUCCEEDED' })).toMatchObject({
      consumer: name,
      eventId: 'e',
      eventType: 'order.created',
      status: 'SUCCEEDED',
      attempts: 1,
      cause: undefined,
      topic: 'order.events',
      partition: 3,
      position: 17n,
    })
  })

  it('that failed, was tried again and is a dead letter now', async () => {
    const fates: readonly Fate[] = [
      { status: 'RETRYING', attempts: 1, cause },
      { status: 'RETRYING', attempts: 2, cause },
      { status: 'DEAD_LETTERED', cause },
    ]
    expect(await noted(...fates)).toMatchObject({
      status: 'DEAD_LETTERED',
      attempts: 2,
      errorCode: 'HANDLER_REFUSED',
      cause: 'unknown product',
    })
  })

  it('that was skipped, with the reason', async () => {
    expect(await noted({ status: 'SKIPPED', reason: 'a test order' })).toMatchObject({
      status: 'SKIPPED',
      cause: 'a test order',
    })
  })

  it('never goes back when notes come late', async () => {
    expect(await noted({ status: 'SUCCEEDED' }, { status: 'RETRYING', attempts: 3, cause })).toMatchObject({
      status: 'SUCCEEDED',
      cause: undefined,
    })
  })

  it('never goes back within one write', async () => {
    noting.note(event('e'), { status: 'SUCCEEDED' })
    noting.note(event('e'), { status: 'PENDING' })
    expect(await noted()).toBeUndefined()
    await noting.close()
    expect(await noted()).toMatchObject({ status: 'SUCCEEDED' })
  })

  it('begins anew where a dead letter is redriven', async () => {
    const parked: Fate = { status: 'DEAD_LETTERED', cause }
    expect(await noted(parked, { status: 'RETRYING', cause, redriven: true })).toMatchObject({
      status: 'RETRYING',
    })
    expect(await noted({ status: 'SUCCEEDED', redriven: true })).toMatchObject({ status: 'SUCCEEDED' })
  })
})

it('by consumer, status and topic, the latest first', async () => {
  for (const id of ['1', '2', '3']) {
    noting.note(event(id), id === '2' ? { status: 'DEAD_LETTERED', cause } : { status: 'SUCCEEDED' })
    await noting.close()
  }
  const ids = async (filter: object) =>
    (await readNotifications(database, { consumer: name, ...filter })).map(({ eventId }) => eventId)
  expect(await ids({})).toEqual(['3', '2', '1'])
  expect(await ids({ statuses: ['SUCCEEDED'] })).toEqual(['3', '1'])
  expect(await ids({ statuses: ['DEAD_LETTERED', 'FAILED'], topic: 'order.events' })).toEqual(['2'])
  expect(await ids({ topic: 'others' })).toEqual([])
  expect(await ids({ limit: 1 })).toEqual(['3'])
})

it('soon, without being told to write, and of many in few statements', async () => {
  const consumer = await registerConsumer(database, name)
  let statements = 0
  const counting: Database = {
    ...database,
    query: (text, values) => {
      statements += 1
      return database.query(text, values)
    },
  }
  const soon = notifications({ database: counting, consumer, logger: silentLogger, every: 5 })
  for (let n = 0; n < 2_000; n += 1) soon.note(event(`e${n}`), { status: 'SUCCEEDED' })
  await expect
    .poll(async () => (await readNotifications(database, { consumer: name, limit: 5_000 })).length)
    .toBe(2_000)
  expect(statements).toBe(4)
})

it('is only missed, and said so, when it cannot be written', async () => {
  const warn = vi.fn()
  const away = {
    ...database,
    query: () => Promise.reject(new Error('the database is away')),
  }
  const broken = notifications({
    database: away,
    consumer: 1,
    logger: { ...silentLogger, warn },
    every: 60_000,
  })
  for (let n = 0; n < 10_002; n += 1) broken.note(event(`e${n}`), { status: 'SUCCEEDED' })
  expect(broken.missed).toBe(2)
  await broken.close()
  expect(broken.missed).toBe(10_002)
  expect(warn).toHaveBeenCalled()
})

it('of what went well not for ever', async () => {
  noting.note(event('well'), { status: 'SUCCEEDED' })
  noting.note(event('bad'), { status: 'DEAD_LETTERED', cause })
  await noting.close()
  await database.query(`update onewrite.notifications set updated_at = updated_at - interval '2 hours'`)
  await sweep(database, 3_600_000)
  const left = await readNotifications(database, { consumer: name })
  expect(left.map(({ eventId }) => eventId)).toEqual(['bad'])
})
