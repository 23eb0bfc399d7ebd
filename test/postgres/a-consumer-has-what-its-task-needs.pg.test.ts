import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keepInboxOnce } from '../../src/consumer/inbox/keep.ts'
import { markInbox } from '../../src/consumer/inbox/mark.ts'
import { inboxSlots } from '../../src/consumer/inbox/slots.ts'
import { notifications } from '../../src/consumer/notifications.ts'
import { assertOwned, saveSettled, takeOwnership } from '../../src/consumer/partition/ownership.ts'
import { readNotifications } from '../../src/consumer/read-notifications.ts'
import { registerConsumer } from '../../src/consumer/register-consumer.ts'
import { forgetRetries, loadRetries, saveRetry } from '../../src/consumer/retries.ts'
import { closeEmptyQueues } from '../../src/dead-letter/close-queues.ts'
import { redrive } from '../../src/dead-letter/decide.ts'
import { enqueue } from '../../src/dead-letter/enqueue.ts'
import { keyQueue } from '../../src/dead-letter/queue.ts'
import { markDelivered, takeHead } from '../../src/dead-letter/take-head.ts'
import { silentLogger } from '../../src/lifecycle/logger.ts'
import { append } from '../../src/log/append.ts'
import { newId } from '../../src/message/new-id.ts'
import type { Database } from '../../src/postgres/database.ts'
import { missingRights } from '../../src/postgres/missing-rights.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { grantRoles } from '../../src/postgres/roles.ts'
import { freshDatabase } from '../support/database.ts'

// Roles belong to the whole server, which other test files share.
const names = {
  consumer: `only_consumer_${process.pid}`,
  migrator: `owner_of_inbox_${process.pid}`,
}
const both = `consumer_and_writer_${process.pid}`

const week = 604_800_000
const cause = { code: 'X', message: 'no' }
const event = {
  ...{ type: 'order.created', version: 1, aggregate: 'order', aggregateId: '1', data: {} },
  ...{ occurredAt: new Date(), metadata: {} },
}

let owner: Database
let consumer: Database
let consumerAndWriter: Database
let migrator: Database

beforeAll(async () => {
  const fresh = await freshDatabase()
  owner = fresh.database
  for (const name of [...Object.values(names), both]) await owner.query(`create role ${name} login`)
  await grantRoles(owner, names)
  await grantRoles(owner, { consumer: both, writer: both })
  const as = (name: string): Database => {
    const url = new URL(fresh.url)
    url.username = name
    return pgDatabase({ url: url.href, max: 2 })
  }
  consumer = as(names.consumer)
  consumerAndWriter = as(both)
  migrator = as(names.migrator)
})

afterAll(async () => {
  await Promise.all([consumer.close(), consumerAndWriter.close(), migrator.close()])
  await owner.query(`reassign owned by ${names.migrator} to current_user`)
  for (const name of [...Object.values(names), both]) {
    await owner.query(`drop owned by ${name} cascade`)
    await owner.query(`drop role ${name}`)
  }
})

describe('the consumer', () => {
  it('owns partitions, marks events and counts attempts', async () => {
    const id = await registerConsumer(consumer, 'inventory')
    const owned = await takeOwnership(consumer, { consumer: id, name: 'order.events/0', owner: 'a' })
    await saveRetry(consumer, id, { id: 'e', delay: 1, cause })
    expect((await loadRetries(consumer, id)).size).toBe(1)
    const marked = await consumer.transaction(async (tx) => {
      const fresh = await markInbox(tx, id, ['e'])
      await forgetRetries(tx, id, ['e'])
      await assertOwned(tx, id, [owned])
      return fresh
    })
    expect(marked).toEqual(new Set(['e']))
    await saveSettled(consumer, id, [{ ...owned, settled: 1n }])
    expect(await keepInboxOnce(consumer, week)).toMatchObject({ opened: undefined })
  })

  it('keeps dead letters and works them off', async () => {
    const record = { topic: 'order.events', key: '1', value: '{}', headers: {} }
    const parked = { id: 'e', queue: keyQueue(record, 'e'), record, position: 1n, cause }
    await consumer.transaction((tx) => enqueue(tx, 'consumer/inventory', [parked]))
    await redrive(consumer, {}, { actor: 'anna' })
    await consumer.transaction(async (tx) => {
      const head = await takeHead(tx, 'consumer/inventory', [])
      if (head !== undefined) await markDelivered(tx, head)
    })
    expect(await closeEmptyQueues(consumer, 'consumer/inventory')).toBe(1)
  })

  it('notes what became of events', async () => {
    const noting = notifications({ database: consumer, consumer: 1, logger: silentLogger })
    const noted = { received: { id: 'e', record: { topic: 'order.events' } }, offset: 1n }
    noting.note(noted, { status: 'SUCCEEDED' })
    await noting.close()
    expect(noting.missed).toBe(0)
    expect(await readNotifications(consumer)).toHaveLength(1)
  })

  it('emits events where it is a writer, too', async () => {
    const appended = consumer.transaction((tx) => append(tx, [{ ...event, id: newId() }]))
    await expect(appended).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await consumerAndWriter.transaction(async (tx) => {
      await markInbox(tx, 1, ['emits'])
      await append(tx, [{ ...event, id: newId() }])
    })
  })

  it('is told what it lacks', async () => {
    const missing = await missingRights(consumer)
    expect(missing.consumer).toEqual([])
    expect(missing.writer).not.toEqual([])
    expect((await missingRights(consumerAndWriter)).writer).toEqual([])
  })

  it.each([
    'select payload from onewrite.events',
    'select * from onewrite.leases',
    'select * from onewrite.checkpoints',
    'update onewrite.inbox set consumer = 2',
    'delete from onewrite.inbox',
    'truncate onewrite.inbox',
    'delete from onewrite.inbox_1',
    'delete from onewrite.inbox_slots',
    'update onewrite.inbox_slots set opens_at = now()',
    'delete from onewrite.inbox_windows',
    'delete from onewrite.consumers',
    "update onewrite.consumers set name = 'x'",
    'delete from onewrite.consumer_partitions',
    'delete from onewrite.dead_letters',
    'delete from onewrite.dead_letter_audit',
    'update onewrite.dead_letter_audit set reason = null',
    "select setval('onewrite.dead_letter_places', 1)",
    'alter table onewrite.inbox detach partition onewrite.inbox_1',
    'create table onewrite.mine (id int)',
  ])('may not: %s', async (statement) => {
    await expect(consumer.query(statement)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      cause: { code: '42501' },
    })
  })
})

it('the migrator opens the slots of the inbox and drops them', async () => {
  expect(await keepInboxOnce(migrator, week)).toMatchObject({ opened: 2 })
  await owner.query(`update onewrite.inbox_slots set opens_at = opens_at - interval '100 days'`)
  expect(await keepInboxOnce(consumer, week)).toMatchObject({ dropped: [], overdue: 1, neglected: true })
  expect(await keepInboxOnce(migrator, week)).toMatchObject({ opened: 3, dropped: [1], overdue: 0 })
  await owner.query(`update onewrite.inbox_slots set opens_at = opens_at - interval '100 days'`)
  expect(await consumer.transaction((tx) => markInbox(tx, 1, ['after']))).toEqual(new Set(['after']))
  expect((await inboxSlots(consumer, week)).map(({ slot }) => slot)).toEqual([2, 3])
})
