import { expect, it } from 'vitest'
import type { Logger } from '../../src/lifecycle/logger.ts'
import type { Database } from '../../src/postgres/database.ts'
import { budgetState } from '../../src/relay/wal/budget.ts'
import { walSource } from '../../src/relay/wal/source.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'
import { encode, following, patience } from './following.ts'

const noting = () => {
  const lines: string[] = []
  const note = (_: object, message: string): void => void lines.push(message)
  const logger: Logger = { debug: note, info: note, warn: note, error: note }
  return { logger, lines }
}

const writeElsewhere = async (database: Database): Promise<void> => {
  await database.query('create table elsewhere (body text)')
  await database.query(`insert into elsewhere select repeat('x', 1000) from generate_series(1, 5000)`)
}

/** A slot that nobody reads, with 5 MB behind it. */
const neglected = async () => {
  const { database } = await freshDatabase()
  const relays = following(database)
  const moving = relays.start(relays.wal())
  await relays.streams()
  const written = await appendAll(database, [deposited('a')])
  await expect.poll(relays.ids, patience).toEqual(written)
  await moving.stop()
  await relays.rests()
  await writeElsewhere(database)
  written.push(...(await appendAll(database, [deposited('a')])))
  return { database, relays, written }
}

it('is half and wholly spent where it should be', () => {
  const budget = { bytes: 100n, policy: 'keep' } as const
  expect([0n, 49n, 50n, 99n, 100n].map((retained) => budgetState(retained, budget))).toEqual([
    'within',
    'within',
    'half',
    'half',
    'spent',
  ])
})

it('keeps a slot beyond its budget by default, and says so loudly', async () => {
  const { database, relays, written } = await neglected()
  const { logger, lines } = noting()
  const source = relays.wal({ walBudget: 1_000_000 })
  await source.guard?.({ name: 'accounts', signal: new AbortController().signal, logger })
  expect(lines.join()).toContain('it is kept, as configured')
  expect(await relays.slotState()).toBeDefined()
  relays.start(source)
  await expect.poll(relays.ids, patience).toEqual(written)
  const { rowCount } = await database.query('select from onewrite.refills')
  expect(rowCount).toBe(0)
  await relays.stopAll()
})

it('drops it where told so, before the transport is opened, and goes on from the table without a loss', async () => {
  const { relays, written } = await neglected()
  const { logger, lines } = noting()
  const source = relays.wal({ walBudget: 1_000_000, beyondBudget: 'drop' })
  await source.guard?.({ name: 'accounts', signal: new AbortController().signal, logger })
  expect(lines.join()).toContain('it is dropped, as configured')
  expect(await relays.slotState()).toBeUndefined()
  relays.start(source)
  await expect.poll(relays.ids, patience).toEqual(written)
  await relays.streams()
  await relays.stopAll()
})

it('warns at half of it', async () => {
  const { relays } = await neglected()
  const { logger, lines } = noting()
  const { retained = 0n } = (await relays.slotState()) ?? {}
  const source = relays.wal({ walBudget: Number(retained + retained / 2n), beyondBudget: 'drop' })
  await source.guard?.({ name: 'accounts', signal: new AbortController().signal, logger })
  expect(lines.join()).toContain('half of its budget')
  expect(await relays.slotState()).toBeDefined()
})

it('a budget that is no number of bytes is refused', async () => {
  const { database } = await freshDatabase()
  expect(() => walSource({ database, encode, walBudget: 0.5 })).toThrow('INVALID_CONFIG')
})
