import { expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { relay } from '../../src/relay/relay.ts'
import { tableSource } from '../../src/relay/table-source.ts'
import { walSource } from '../../src/relay/wal/source.ts'
import { memory } from '../../src/transport/memory.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'
import { encode, following, patience } from './following.ts'

it('publishes what was recorded before it began and what is recorded while it runs, once and in order', async () => {
  const { database } = await freshDatabase()
  const { publishing, records } = memory()
  const ids = () => records('accounts').map(({ headers }) => headers['id']?.toString())
  const written = await appendAll(database, [deposited('a'), deposited('b'), deposited('a')])
  const moving = relay({ name: 'accounts', database, publishing, source: walSource({ database, encode }) })
  moving.start()
  await expect.poll(ids, { timeout: 10_000 }).toEqual(written)
  for (let round = 0; round < 20; round += 1) {
    written.push(...(await appendAll(database, [deposited('a'), deposited('b')])))
  }
  await expect.poll(ids, { timeout: 10_000 }).toEqual(written)
  expect(moving.health()).toMatchObject({ state: 'up' })
  await moving.stop()
})

it('publishes the same bytes as a reader of the table', async () => {
  const { database } = await freshDatabase()
  const fromTable = memory()
  const fromWal = memory()
  const events = [
    deposited('ü€😀', { amount: '0.10', big: 9_007_199_254_740_991, nested: { b: [1, null, { a: '"\\' }] } }),
    { ...deposited('a'), occurredAt: new Date('2026-11-21T10:00:00.500Z') },
    { ...deposited('a'), occurredAt: new Date('2026-11-21T10:00:00Z') },
    { ...deposited('a'), occurredAt: new Date('1969-12-31T23:59:59.001Z') },
    { ...deposited('a'), metadata: { actor: 'é', tenant: 'x' } },
  ]
  const wal = relay({
    name: 'wal',
    database,
    publishing: fromWal.publishing,
    source: walSource({ database, encode }),
  })
  const table = relay({
    name: 'table',
    database,
    publishing: fromTable.publishing,
    source: tableSource({ database, encode }),
  })
  wal.start()
  await wal.settled
  await expect
    .poll(async () => (await database.query(`select from pg_replication_slots where active`)).rowCount, {
      timeout: 10_000,
    })
    .toBeGreaterThan(0)
  await database.transaction((tx) => append(tx, events))
  table.start()
  await expect.poll(() => fromWal.records('accounts').length).toBe(events.length)
  await expect.poll(() => fromTable.records('accounts').length).toBe(events.length)
  const wire = ({ records }: typeof fromWal) =>
    records('accounts').map(({ key, value, headers }) => ({ key, value, headers }))
  expect(wire(fromWal)).toEqual(wire(fromTable))
  await Promise.all([wal.stop(), table.stop()])
})

it('publishes at least once, too, and goes on where it stopped', async () => {
  const { database } = await freshDatabase()
  const relays = following(database, { delivery: 'at-least-once' })
  const written: string[] = []
  for (let round = 0; round < 3; round += 1) {
    const moving = relays.start(relays.wal())
    await relays.streams()
    written.push(...(await appendAll(database, [deposited('a'), deposited('a')])))
    await expect.poll(relays.ids, patience).toEqual(written)
    await moving.stop()
    await relays.rests()
    written.push(...(await appendAll(database, [deposited('a')])))
  }
  relays.start(relays.wal())
  await expect.poll(relays.ids, patience).toEqual(written)
  await relays.stopAll()
})

it('publishes events of a partition that came after the slot, and of the overflow', async () => {
  const { database } = await freshDatabase()
  const relays = following(database)
  relays.start(relays.wal())
  await relays.streams()
  const written = await appendAll(database, [deposited('a')])
  await database.query('select onewrite.create_partition(20000001, 10000000)')
  for (const position of [20_000_005, 30_000_005]) {
    await database.query(`select setval('onewrite.events_position', $1)`, [position])
    written.push(...(await appendAll(database, [deposited('a')])))
  }
  await expect.poll(relays.ids, patience).toEqual(written)
  await relays.stopAll()
})
