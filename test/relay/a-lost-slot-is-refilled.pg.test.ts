import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { dropSlot } from '../../src/postgres/slot.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'
import { following, patience } from './following.ts'

let database: Database
let relays: ReturnType<typeof following>
let written: string[]

beforeEach(async () => {
  ;({ database } = await freshDatabase())
  relays = following(database)
  written = []
})

afterEach(() => relays.stopAll())

const record = async (count = 1): Promise<void> => {
  for (let index = 0; index < count; index += 1) {
    written.push(...(await appendAll(database, [deposited(`account-${index % 3}`)])))
  }
}

/** Publishes some events by the log, and stops. */
const publishSome = async (): Promise<void> => {
  const moving = relays.start(relays.wal())
  await relays.streams()
  await record(5)
  await expect.poll(relays.ids, patience).toEqual(written)
  await moving.stop()
  await relays.rests()
}

interface RefillRow {
  readonly relay: string
  readonly reason: string
  readonly from_position: string
  readonly to_position: string
  readonly to_lsn: string | null
  readonly events: string
}

const refills = async (): Promise<readonly RefillRow[]> =>
  (
    await database.query<RefillRow>(
      'select * from onewrite.refills where finished_at is not null order by id',
    )
  ).rows

/** Loses the slot, records more meanwhile, and looks at what is published afterwards. */
const loseAndFollow = async (lose: () => Promise<unknown>): Promise<string | undefined> => {
  await publishSome()
  await record(4)
  await lose()
  await record(4)
  const moving = relays.start(relays.wal())
  await moving.settled
  expect(moving.health()).toMatchObject({ state: 'degraded' })
  expect(moving.health().reason).toContain('[POSITION_LOST]')
  await expect.poll(relays.ids, patience).toEqual(written)
  await relays.streams()
  await record(3)
  await expect.poll(relays.ids, patience).toEqual(written)
  await expect.poll(async () => (await refills()).length, patience).toBe(1)
  await expect.poll(() => moving.health().state, patience).toBe('up')
  const [found] = await refills()
  expect(found).toMatchObject({ relay: 'accounts', events: '8' })
  expect(found?.to_lsn).not.toBeNull()
  const mark = `${found?.from_position}-${found?.to_position}`
  expect(relays.marks()).toEqual([
    ...Array<undefined>(5).fill(undefined),
    ...Array<string>(8).fill(mark),
    ...Array<undefined>(3).fill(undefined),
  ])
  return found?.reason
}

it('a slot that was dropped', async () => {
  expect(await loseAndFollow(() => dropSlot(database, relays.slot))).toContain('does not exist')
})

it('a slot that was dropped and created anew', async () => {
  const recreate = async (): Promise<void> => {
    await dropSlot(database, relays.slot)
    await database.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [relays.slot])
  }
  expect(await loseAndFollow(recreate)).toContain('recreated or advanced')
})

it('a slot that somebody advanced', async () => {
  const advance = async (): Promise<void> => {
    // A commit that waits for the disk takes the others there, and only that far can a slot be advanced.
    await database.transaction(async (tx) => {
      await tx.query('set local synchronous_commit = on')
      await tx.query(`select pg_logical_emit_message(true, 'test', 'flush')`)
    })
    await database.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [relays.slot])
  }
  expect(await loseAndFollow(advance)).toContain('recreated or advanced')
})

it('a checkpoint of another server or timeline, or beyond the end of the log', async () => {
  await publishSome()
  for (const change of [{ system: '1' }, { timeline: 77 }, { lsn: 'FFFF/0' }]) {
    const publisher = await relays.publishing.transactionalPublisher({ name: 'accounts' })
    const place: object = JSON.parse(publisher.checkpoint ?? '')
    await publisher.commit(JSON.stringify({ ...place, ...change }))
    await publisher.close()
    await record(2)
    const moving = relays.start(relays.wal())
    await expect.poll(relays.ids, patience).toEqual(written)
    await relays.streams()
    await moving.stop()
    await relays.rests()
  }
  const reasons = (
    await database.query<{ reason: string }>('select reason from onewrite.refills order by id')
  ).rows
  expect(reasons.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('is another one'),
    expect.stringContaining('timeline'),
    expect.stringContaining('before the checkpoint'),
  ])
})

it('a refill that is interrupted begins again and repeats nothing', async () => {
  await publishSome()
  await dropSlot(database, relays.slot)
  await record(50)
  for (let round = 0; round < 3; round += 1) {
    const moving = relays.start(relays.wal({ page: { events: 7 } }))
    await expect.poll(() => relays.ids().length, patience).toBeGreaterThan(5 + round * 7)
    await moving.stop()
  }
  relays.start(relays.wal())
  await expect.poll(relays.ids, patience).toEqual(written)
})

it('a slot dropped while it is read, under load', async () => {
  relays.start(relays.wal())
  await relays.streams()
  await record(20)
  const writing = Promise.all(
    Array.from({ length: 4 }, async (_, writer) => {
      for (let index = 0; index < 60; index += 1) {
        written.push(...(await appendAll(database, [deposited(`writer-${writer}`)])))
      }
    }),
  )
  const { activePid } = (await relays.slotState()) ?? {}
  await database.query('select pg_terminate_backend($1)', [activePid])
  await expect
    .poll(() => dropSlot(database, relays.slot).then(() => 'dropped', String), { timeout: 5000, interval: 1 })
    .toBe('dropped')
  await writing
  await expect.poll(() => relays.ids().length, patience).toBe(written.length)
  expect(new Set(relays.ids())).toEqual(new Set(written))
})

it('a publication that was dropped while the log was read, and events nobody was sent', async () => {
  relays.start(relays.wal())
  await relays.streams()
  await record(5)
  await expect.poll(relays.ids, patience).toEqual(written)
  await database.query('drop publication onewrite_events')
  await record(5)
  await database.query(`create publication onewrite_events for table onewrite.events
    with (publish = 'insert', publish_via_partition_root = true)`)
  await record(5)
  await expect.poll(relays.ids, patience).toEqual(written)
  await expect.poll(async () => (await refills())[0]?.reason, patience).toContain('publication')
})
