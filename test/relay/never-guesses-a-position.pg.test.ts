import { expect, it } from 'vitest'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { relay } from '../../src/relay/relay.ts'
import { tableSource } from '../../src/relay/table-source.ts'
import { memory } from '../../src/transport/memory.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'

const encode = (event: RawEvent) => toRecord(event, { source: '/test', topicOf: () => 'accounts' })

const startAt = async (checkpoint: string) => {
  const { database } = await freshDatabase()
  const { publishing, records } = memory()
  const before = await publishing.transactionalPublisher({ name: 'accounts' })
  await before.commit(checkpoint)
  await before.close()
  await appendAll(database, [deposited('a'), deposited('a'), deposited('a')])
  const moving = relay({
    name: 'accounts',
    database,
    publishing,
    source: tableSource({ database, encode }),
  })
  moving.start()
  await moving.settled
  const { state, reason } = moving.health()
  await moving.stop()
  return { state, reason, published: records('accounts').length }
}

it('goes on after the checkpoint that the transport holds', async () => {
  expect(await startAt('{"source":"table","position":"1"}')).toMatchObject({ state: 'up', published: 2 })
})

it('stops at a checkpoint ahead of the log, as after a restored database, and says so', async () => {
  const { state, reason, published } = await startAt('{"source":"table","position":"5000"}')
  expect({ state, published }).toEqual({ state: 'degraded', published: 0 })
  expect(reason).toContain('CHECKPOINT_AHEAD')
})

it('stops at a checkpoint that it cannot read', async () => {
  const { state, reason, published } = await startAt('five thousand')
  expect({ state, published }).toEqual({ state: 'degraded', published: 0 })
  expect(reason).toContain('CHECKPOINT_UNREADABLE')
})
