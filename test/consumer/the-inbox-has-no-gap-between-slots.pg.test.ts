import { beforeEach, describe, expect, it } from 'vitest'
import { keepInbox, keepInboxOnce } from '../../src/consumer/inbox/keep.ts'
import { markInbox } from '../../src/consumer/inbox/mark.ts'
import { dropSlot, inboxSlots, openNextSlot } from '../../src/consumer/inbox/slots.ts'
import { loadRetries, saveRetry } from '../../src/consumer/retries.ts'
import { newId } from '../../src/message/new-id.ts'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'
import { openTransaction, untilWaiting } from './open-transaction.ts'

const hour = 3_600_000
const week = 168 * hour
const consumer = 1

let database: Database

beforeEach(async () => {
  database = (await freshDatabase()).database
})

const mark = (ids: readonly string[]): Promise<ReadonlySet<string>> =>
  database.transaction((tx) => markInbox(tx, consumer, ids))

/** As if so many milliseconds had passed. */
const passTime = (milliseconds: number) =>
  database.query(`
    update onewrite.inbox_slots set opens_at = opens_at - interval '${milliseconds} milliseconds';
    update onewrite.inbox_windows set said_at = said_at - interval '${milliseconds} milliseconds';
    update onewrite.consumer_retries set next_at = next_at - interval '${milliseconds} milliseconds'`)

const slotsThere = async (): Promise<readonly number[]> =>
  (await inboxSlots(database, week)).map(({ slot }) => slot)

describe('an event is known', () => {
  it('in every slot of the window after its own', async () => {
    const ids = [newId()]
    await mark(ids)
    for (let passed = 0; passed < week - hour; passed += 12 * hour) {
      await keepInboxOnce(database, week)
      await passTime(12 * hour)
      expect(await mark(ids)).toEqual(new Set())
    }
    expect((await slotsThere()).length).toBeLessThanOrEqual(4)
  })

  it('no more after it', async () => {
    const ids = [newId()]
    await mark(ids)
    for (let passed = 0; passed < 2 * week; passed += 12 * hour) {
      await keepInboxOnce(database, week)
      await passTime(12 * hour)
    }
    expect((await slotsThere()).length).toBeLessThanOrEqual(4)
    expect(await mark(ids)).toEqual(new Set(ids))
  })

  it('to a transaction that begins after the border while the one before it has not ended', async () => {
    const ids = [newId()]
    await openNextSlot(database, week)
    await passTime(week / 2 - 60_000)
    const before = await openTransaction(database)
    expect(await markInbox(before.tx, consumer, ids)).toEqual(new Set(ids))
    await passTime(120_000)
    const after = mark(ids)
    await untilWaiting(database, 1)
    await before.commit()
    expect(await after).toEqual(new Set())
  })

  it('to a transaction that marks in both slots while one that marked in the old has not ended', async () => {
    const ids = [newId()]
    await openNextSlot(database, week)
    await passTime(week / 2 - hour)
    const before = await openTransaction(database)
    await markInbox(before.tx, consumer, ids)
    await passTime(hour - 60_000)
    const after = mark(ids)
    await untilWaiting(database, 1)
    await before.commit()
    expect(await after).toEqual(new Set())
  })

  it('to nobody where that transaction fails', async () => {
    const ids = [newId()]
    await openNextSlot(database, week)
    await passTime(week / 2 - 60_000)
    const before = await openTransaction(database)
    await markInbox(before.tx, consumer, ids)
    await passTime(120_000)
    const after = mark(ids)
    await untilWaiting(database, 1)
    await before.rollback()
    expect(await after).toEqual(new Set(ids))
  })

  it('when nobody opens the next slot, and when the clock goes back behind the first', async () => {
    const ids = [newId()]
    await mark(ids)
    await passTime(10 * week)
    expect(await mark(ids)).toEqual(new Set())
    await passTime(-20 * week)
    expect(await mark([...ids, 'another'])).toEqual(new Set(['another']))
  })
})

describe('a slot', () => {
  it('is made long before it opens, once, by whoever comes first', async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => openNextSlot(database, 1)))
    expect(made.filter((slot) => slot !== undefined)).toEqual([2])
    const { rows } = await database.query(
      `select opens_at > clock_timestamp() + interval '19 minutes' as later from onewrite.inbox_slots where slot = 2`,
    )
    expect(rows).toEqual([{ later: true }])
  })

  it('is kept for as long as the service with the longest window wants', async () => {
    await mark(['old'])
    await keepInboxOnce(database, 2 * week)
    const pass = async (days: number): Promise<void> => {
      for (let day = 0; day < days; day += 1) {
        await passTime(24 * hour)
        await keepInboxOnce(database, hour)
      }
    }
    await pass(13)
    expect(await mark(['old'])).toEqual(new Set())
    // By then that service has not been heard of for its own window.
    await pass(2)
    expect(await slotsThere()).not.toContain(1)
  })

  it('goes without anybody waiting for it', async () => {
    await openNextSlot(database, week)
    await passTime(2 * week)
    const handling = await openTransaction(database)
    await markInbox(handling.tx, consumer, ['in hand'])
    const [first] = await inboxSlots(database, week)
    if (first === undefined) throw new Error('there is no slot')
    const dropping = dropSlot(database, first)
    await untilWaiting(database, 1)
    expect(await mark(['another'])).toEqual(new Set(['another']))
    await handling.commit()
    expect(await dropping).toBe(true)
    expect(await slotsThere()).toEqual([2])
  })

  it('stays while somebody has been using it for long', async () => {
    await openNextSlot(database, week)
    await passTime(2 * week)
    const dump = await openTransaction(database)
    await dump.tx.query('select from onewrite.inbox')
    const [first] = await inboxSlots(database, week)
    if (first === undefined) throw new Error('there is no slot')
    expect(await dropSlot(database, first, 0)).toBe(false)
    await dump.commit()
    expect(await dropSlot(database, first, 0)).toBe(true)
  })

  it('whose dropping was interrupted is dropped by the next look', async () => {
    await openNextSlot(database, week)
    await passTime(2 * week)
    const handling = await openTransaction(database)
    await markInbox(handling.tx, consumer, ['in hand'])
    const [first] = await inboxSlots(database, week)
    if (first === undefined) throw new Error('there is no slot')
    const dropping = expect(dropSlot(database, first)).rejects.toMatchObject({ code: '57014' })
    await untilWaiting(database, 1)
    await database.query(
      `select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    await dropping
    expect((await inboxSlots(database, week))[0]).toMatchObject({ state: 'detaching' })
    await handling.commit()
    expect(await mark(['another'])).toEqual(new Set(['another']))
    expect(await keepInboxOnce(database, week)).toMatchObject({ dropped: [1], overdue: 0 })
  })

  it('is dropped once when several look at the same time', async () => {
    await openNextSlot(database, week)
    await passTime(2 * week)
    const kept = await Promise.all([1, 2, 3].map(() => keepInboxOnce(database, week)))
    expect(kept.flatMap(({ dropped }) => dropped)).toContain(1)
    await keepInboxOnce(database, week)
    expect(await slotsThere()).toEqual([2, 3])
  })
})

it('is kept by a loop that says how it is', async () => {
  const keeping = keepInbox({ database, window: week })
  keeping.start()
  await keeping.settled
  expect(keeping.health()).toMatchObject({ state: 'up' })
  expect(await slotsThere()).toEqual([1, 2])
  await keeping.stop()
})

it('forgets what was tried again last before the window', async () => {
  const cause = { code: 'X', message: 'no' }
  await saveRetry(database, consumer, { id: 'old', delay: 0, cause })
  await passTime(week + hour)
  await saveRetry(database, consumer, { id: 'young', delay: 0, cause })
  await keepInboxOnce(database, week)
  expect([...(await loadRetries(database, consumer)).keys()]).toEqual(['young'])
})
