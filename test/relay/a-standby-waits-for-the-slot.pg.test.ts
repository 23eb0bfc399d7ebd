import pg from 'pg'
import { expect, it } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'
import { following, patience } from './following.ts'

const entered = async () => {
  const fresh = await freshDatabase()
  const relays = following(fresh.database)
  const moving = relays.start(relays.wal())
  await relays.streams()
  const ids = await appendAll(fresh.database, [deposited('a')])
  await expect.poll(relays.ids, patience).toEqual(ids)
  return { fresh, relays, moving, ids }
}

it('two instances: the second takes over the slot when the first stops, and repeats nothing', async () => {
  const { fresh, relays, moving, ids } = await entered()
  const second = relays.start(relays.wal())
  await expect.poll(() => second.health().state, patience).toBe('standby')
  await moving.stop()
  ids.push(...(await appendAll(fresh.database, [deposited('a'), deposited('a')])))
  await expect.poll(relays.ids, patience).toEqual(ids)
  await relays.stopAll()
})

it('a leader whose slot somebody else reads waits without an error, and goes on when it is free', async () => {
  const { fresh, relays, moving, ids } = await entered()
  await moving.stop()
  await relays.rests()
  const reader = await fresh.database.replicationConnection({ applicationName: 'somebody else' })
  await reader.stream({ slot: relays.slot, publications: ['onewrite_events'] })
  ids.push(...(await appendAll(fresh.database, [deposited('a')])))
  const waiting = relays.start(relays.wal())
  await expect.poll(() => waiting.health().reason, patience).toBe('opening the transport')
  expect(relays.ids()).toEqual(ids.slice(0, 1))
  await reader.close()
  await expect.poll(relays.ids, patience).toEqual(ids)
  expect(waiting.health().state).toBe('up')
  await relays.stopAll()
})

it('a former leader that does not let go of the slot is sent away', async () => {
  const { fresh, relays, moving, ids } = await entered()
  await moving.stop()
  await relays.rests()
  const silent = await fresh.database.replicationConnection({ applicationName: 'onewrite relay accounts' })
  await silent.stream({ slot: relays.slot, publications: ['onewrite_events'] })
  relays.start(relays.wal())
  ids.push(...(await appendAll(fresh.database, [deposited('a')])))
  await expect.poll(relays.ids, patience).toEqual(ids)
  expect(silent.closed).toBe(true)
  await relays.stopAll()
})

it('a walsender that is killed is replaced, and nothing is lost or repeated', async () => {
  const { fresh, relays, ids } = await entered()
  const admin = new pg.Client({ connectionString: fresh.url })
  await admin.connect()
  for (let round = 0; round < 4; round += 1) {
    ids.push(...(await appendAll(fresh.database, [deposited('a'), deposited('a')])))
    await admin.query(
      'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
      [relays.slot],
    )
    ids.push(...(await appendAll(fresh.database, [deposited('a')])))
    await expect.poll(relays.ids, patience).toEqual(ids)
    await relays.streams()
  }
  await admin.end()
  await relays.stopAll()
})
