import { expect, it } from 'vitest'
import { formatLsn } from '../../src/postgres/lsn.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'
import { following, patience } from './following.ts'

it('while only other tables are written, the slot follows the end of the log, and so does the checkpoint', async () => {
  const { database } = await freshDatabase()
  const relays = following(database)
  await database.query('create table elsewhere (id int, body text)')
  relays.start(relays.wal())
  await relays.streams()
  const written = await appendAll(database, [deposited('a')])
  await expect.poll(relays.ids, patience).toEqual(written)
  const { rows } = await database.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn')
  await database.query(`insert into elsewhere select i, repeat('x', 1000) from generate_series(1, 20000) i`)
  const behind = async (): Promise<boolean> => {
    const { rows: found } = await database.query<{ passed: boolean }>(
      `select confirmed_flush_lsn > $2::pg_lsn + 16 * 1024 * 1024 as passed
      from pg_replication_slots where slot_name = $1`,
      [relays.slot, rows[0]?.lsn],
    )
    return found[0]?.passed ?? false
  }
  await expect.poll(behind, patience).toBe(true)
  expect(relays.ids()).toEqual(written)
  await relays.stopAll()
  await relays.rests()
  const publisher = await relays.publishing.transactionalPublisher({ name: 'accounts' })
  const { confirmed = 0n } = (await relays.slotState()) ?? {}
  // Never acknowledged beyond what a checkpoint says: otherwise a slot that was recreated could not be told.
  expect(JSON.parse(publisher.checkpoint ?? '').lsn).toBe(formatLsn(confirmed))
  await publisher.close()
})

it('the floor of the checkpoint reaches the last event, so that retention and status see nothing left', async () => {
  const { database } = await freshDatabase()
  const relays = following(database)
  relays.start(relays.wal())
  await relays.streams()
  const written = await appendAll(database, [deposited('a'), deposited('b'), deposited('a')])
  await expect.poll(relays.ids, patience).toEqual(written)
  const saved = async (): Promise<string | undefined> =>
    (
      await database.query<{ position: string }>(
        `select position::text from onewrite.checkpoints where name = 'relay/accounts'`,
      )
    ).rows[0]?.position
  await expect.poll(saved, patience).toBe('3')
  await relays.stopAll()
})
