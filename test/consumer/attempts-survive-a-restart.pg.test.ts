import { beforeAll, beforeEach, expect, it } from 'vitest'
import { registerConsumer } from '../../src/consumer/register-consumer.ts'
import { forgetRetries, loadRetries, saveRetry } from '../../src/consumer/retries.ts'
import { sweep } from '../../src/consumer/sweep.ts'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'

const cause = { code: 'RETRY', message: 'not yet' }

let database: Database
let consumer = 0
let made = 0

beforeAll(async () => {
  database = (await freshDatabase()).database
})

beforeEach(async () => {
  consumer = await registerConsumer(database, `consumer ${++made}`)
})

const fail = (id: string, delay = 1_000) => saveRetry(database, consumer, { id, delay, cause })

it('with when it failed first, and when it is due', async () => {
  const first = await fail('e', 60_000)
  expect(first).toMatchObject({ id: 'e', attempts: 1 })
  expect(first.nextAt.getTime()).toBeGreaterThan(first.firstFailedAt.getTime() + 59_000)
  const second = await fail('e')
  expect(second).toMatchObject({ attempts: 2, firstFailedAt: first.firstFailedAt })
  expect(await loadRetries(database, consumer)).toEqual(new Map([['e', second]]))
})

it('for each consumer by itself', async () => {
  await fail('e')
  const other = await registerConsumer(database, 'another')
  expect(await saveRetry(database, other, { id: 'e', delay: 1, cause })).toMatchObject({ attempts: 1 })
  expect((await loadRetries(database, consumer)).size).toBe(1)
})

it('whatever the id and the cause look like', async () => {
  const id = `${'long '.repeat(5_000)}\0`
  const message = `\0${'x'.repeat(1_000_000)}`
  await saveRetry(database, consumer, { id, delay: 0.5, cause: { code: 'X', message } })
  expect(await fail(id)).toMatchObject({ id, attempts: 2 })
})

it('until the transaction that settles the event commits', async () => {
  await fail('a')
  await fail('b')
  const failed = database.transaction(async (tx) => {
    await forgetRetries(tx, consumer, ['a', 'b'])
    throw new Error('no')
  })
  await expect(failed).rejects.toThrow('no')
  expect((await loadRetries(database, consumer)).size).toBe(2)
  await database.transaction((tx) => forgetRetries(tx, consumer, ['a', 'c']))
  await database.transaction((tx) => forgetRetries(tx, consumer, []))
  expect([...(await loadRetries(database, consumer)).keys()]).toEqual(['b'])
})

it('and the newest of very many are loaded', async () => {
  await database.query(
    `insert into onewrite.consumer_retries (consumer, event, id, attempts, next_at, error_code, cause)
     select $1, gen_random_uuid(), 'e' || n, 1, clock_timestamp() - n * interval '1 second', 'X', 'x'
     from generate_series(1, 12000) n`,
    [consumer],
  )
  const loaded = await loadRetries(database, consumer)
  expect(loaded.size).toBe(10_000)
  expect(loaded.has('e1')).toBe(true)
  expect(loaded.has('e12000')).toBe(false)
})

it('but not for ever', async () => {
  await fail('old')
  await database.query(`update onewrite.consumer_retries set next_at = next_at - interval '2 hours'`)
  await fail('young')
  await sweep(database, 3_600_000)
  expect([...(await loadRetries(database, consumer)).keys()]).toEqual(['young'])
})
