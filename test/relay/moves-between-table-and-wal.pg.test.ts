import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'
import { following, patience } from './following.ts'

let database: Database
let relays: ReturnType<typeof following>

beforeEach(async () => {
  ;({ database } = await freshDatabase())
  relays = following(database)
})

afterEach(() => relays.stopAll())

const writers = 6

/** Writers that never rest, each on an account of its own, in transactions of different sizes. */
const writeUntil = (stop: AbortSignal) => {
  const written = Array.from({ length: writers }, (): string[] => [])
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; !stop.aborted; round += 1) {
      const size = 1 + ((round * 7 + writer) % 5)
      const events = Array.from({ length: size }, () => deposited(`account-${writer}`))
      if (round % 11 === 3) {
        const undone = database.transaction(async (tx) => {
          await tx.query(`select nextval('onewrite.events_position')`)
          throw new Error('undone')
        })
        await undone.catch(() => undefined)
      }
      written[writer]?.push(...(await appendAll(database, events)))
    }
  }
  return { written, done: Promise.all(written.map((_, writer) => write(writer))) }
}

it('from the table to the log and back, under load, loses, repeats and reorders nothing', async () => {
  const enough = new AbortController()
  const { written, done } = writeUntil(enough.signal)
  for (const source of ['table', 'wal', 'table', 'wal', 'wal', 'table'] as const) {
    const before = relays.ids().length
    const moving = relays.start(relays[source]())
    if (source === 'wal') await relays.streams()
    await expect.poll(() => relays.ids().length, patience).toBeGreaterThan(before + 100)
    await moving.stop()
  }
  expect(relays.ids().length).toBeGreaterThan(600)
  enough.abort()
  await done
  relays.start(relays.wal())
  await expect
    .poll(() => relays.ids().length, { timeout: 20_000 })
    .toBeGreaterThanOrEqual(written.flat().length)
  const published = relays.ids()
  expect(published.length).toBe(written.flat().length)
  const owner = new Map(written.flatMap((ids, writer) => ids.map((id) => [id, writer] as const)))
  for (const [writer, ids] of written.entries()) {
    expect(published.filter((id) => owner.get(id ?? '') === writer)).toEqual(ids)
  }
  expect(relays.marks().filter((mark) => mark !== undefined)).toEqual([])
}, 60_000)

it('the slot goes with the log: a reader of the table leaves nothing behind that holds it back', async () => {
  const [id] = await appendAll(database, [deposited('a')])
  const moving = relays.start(relays.wal())
  await relays.streams()
  await moving.stop()
  await relays.rests()
  relays.start(relays.table())
  await expect.poll(relays.slotState, patience).toBeUndefined()
  expect(relays.ids()).toEqual([id])
})

it('an open transaction elsewhere keeps the relay from the log, but not from publishing', async () => {
  await database.query('create table elsewhere (id int)')
  const ids: string[] = []
  await database.transaction(async (tx) => {
    await tx.query('insert into elsewhere values (1)')
    relays.start(relays.wal())
    for (let round = 0; round < 5; round += 1) {
      ids.push(...(await appendAll(database, [deposited('a')])))
      await expect.poll(relays.ids, patience).toEqual(ids)
    }
    const { rowCount } = await database.query(
      `select from pg_stat_activity where query like 'CREATE_REPLICATION_SLOT%' and state = 'active'`,
    )
    expect(rowCount).toBeGreaterThan(0)
  })
  await relays.streams()
  ids.push(...(await appendAll(database, [deposited('a')])))
  await expect.poll(relays.ids, patience).toEqual(ids)
})
