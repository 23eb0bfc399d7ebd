import { expect, it } from 'vitest'
import { stopShard } from '../../src/relay/shard/stop-shard.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'
import { following, patience } from './following.ts'

it('a relay that is stopped for good drops its slot, which would hold the write-ahead log back', async () => {
  const { database } = await freshDatabase()
  const relays = following(database)
  const moving = relays.start(relays.wal())
  await relays.streams()
  const written = await appendAll(database, [deposited('a')])
  await expect.poll(relays.ids, patience).toEqual(written)
  await moving.stop()
  await relays.rests()
  const { publishing } = relays
  const options = { name: 'accounts', database, publishing, leaseTtl: 5000 }
  const position = await stopShard(options, new AbortController().signal)
  expect(position).toBeLessThanOrEqual(1n)
  expect(await relays.slotState()).toBeUndefined()
})
