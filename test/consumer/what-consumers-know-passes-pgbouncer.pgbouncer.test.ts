import { afterAll, beforeAll, expect, it } from 'vitest'
import { keepInboxOnce } from '../../src/consumer/inbox/keep.ts'
import { markInbox } from '../../src/consumer/inbox/mark.ts'
import { assertOwned, saveSettled, takeOwnership } from '../../src/consumer/partition/ownership.ts'
import { registerConsumer } from '../../src/consumer/register-consumer.ts'
import { forgetRetries, saveRetry } from '../../src/consumer/retries.ts'
import { closeEmptyQueues } from '../../src/dead-letter/close-queues.ts'
import { redrive } from '../../src/dead-letter/decide.ts'
import { enqueue } from '../../src/dead-letter/enqueue.ts'
import { openQueuesOf } from '../../src/dead-letter/open-queues.ts'
import { keyQueue } from '../../src/dead-letter/queue.ts'
import { markDelivered, takeHead } from '../../src/dead-letter/take-head.ts'
import { newId } from '../../src/message/new-id.ts'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { type PgBouncer, startPgBouncer } from '../postgres/pgbouncer.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const week = 604_800_000
const cause = { code: 'X', message: 'no' }

let direct: TestDatabase
let pooler: PgBouncer
let database: Database

beforeAll(async () => {
  direct = await freshDatabase()
  pooler = await startPgBouncer(direct.url)
  database = pgDatabase({ url: pooler.url, max: 20 })
})

afterAll(async () => {
  await database?.close()
  await pooler?.stop()
})

it('takes partitions over, marks and settles from 20 clients at once', async () => {
  const consumer = await registerConsumer(database, 'inventory')
  const ids = Array.from({ length: 50 }, () => newId())
  const instance = async (_: unknown, index: number): Promise<number> => {
    const owned = await takeOwnership(database, { consumer, name: `t/${index}`, owner: `${index}` })
    const fresh = await database.transaction(async (tx) => {
      const marked = await markInbox(tx, consumer, ids)
      await assertOwned(tx, consumer, [owned])
      return marked
    })
    await saveSettled(database, consumer, [{ ...owned, settled: 50n }])
    return fresh.size
  }
  const sizes = await Promise.all(Array.from({ length: 20 }, instance))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(50)
})

it('counts attempts, parks and redrives', async () => {
  const reader = 'consumer/inventory'
  expect(await saveRetry(database, 1, { id: 'e', delay: 1, cause })).toMatchObject({ attempts: 1 })
  const record = { topic: 't', key: 'k', value: '{}', headers: {} }
  const parked = { id: 'e', queue: keyQueue(record, 'e'), record, position: 1n, cause }
  await database.transaction(async (tx) => {
    await enqueue(tx, reader, [parked])
    await forgetRetries(tx, 1, ['e'])
  })
  expect((await database.transaction((tx) => openQueuesOf(tx, reader, [parked.queue]))).size).toBe(1)
  await redrive(database, {}, { actor: 'anna' })
  await database.transaction(async (tx) => {
    const head = await takeHead(tx, reader, [])
    if (head !== undefined) await markDelivered(tx, head)
  })
  expect(await closeEmptyQueues(database, reader)).toBe(1)
})

it('opens slots of the inbox and drops them', async () => {
  expect(await keepInboxOnce(database, week)).toMatchObject({ opened: 2 })
  await direct.database.query(`update onewrite.inbox_slots set opens_at = opens_at - interval '100 days'`)
  expect(await keepInboxOnce(database, week)).toMatchObject({ opened: 3, dropped: [1], overdue: 0 })
})
