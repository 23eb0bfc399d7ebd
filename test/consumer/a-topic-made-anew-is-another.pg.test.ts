import { afterAll, beforeAll, expect, test } from 'vitest'
import { saveSettled, takeOwnership } from '../../src/consumer/partition/ownership.ts'
import { registerConsumer } from '../../src/consumer/register-consumer.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let db: TestDatabase
let consumer: number
beforeAll(async () => {
  db = await freshDatabase()
  consumer = await registerConsumer(db.database, 'printer')
})
afterAll(() => db.close())

const take = (origin?: string) =>
  takeOwnership(db.database, { consumer, name: 'order.events/0', owner: 'a', origin })

const settle = async (origin: string, settled: bigint): Promise<void> => {
  const { name, token } = await take(origin)
  await saveSettled(db.database, consumer, [{ name, token, settled, end: settled }])
}

test('what was settled of a topic says nothing of another one of its name', async () => {
  await settle('first', 5_000n)
  expect((await take('first')).settled).toBe(5_000n)
  expect((await take('second')).settled).toBeUndefined()
  await settle('second', 7n)
  expect((await take('second')).settled).toBe(7n)
})

test('a transport that does not say which one it is goes on where it was', async () => {
  await settle('first', 9n)
  expect((await take()).settled).toBe(9n)
  expect((await take('first')).settled).toBe(9n)
})
