import { setTimeout as wait } from 'node:timers/promises'
import { isOnewriteError } from '../../src/error/onewrite-error.ts'
import { append } from '../../src/log/append.ts'
import { record } from '../../src/log/record.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import { newId } from '../../src/message/new-id.ts'
import type { Database } from '../../src/postgres/database.ts'
import { type Dice, dice } from './seed.ts'

/** What the writers know of their transactions; the log decides about the rest. */
export interface WriterHistory {
  readonly acknowledged: Set<string>
  readonly rolledBack: Set<string>
}

export interface WritersOptions {
  readonly count: number
  readonly seed: number
  /** Whether they commit at the same moments, so that one commit follows the other in the write-ahead log. */
  readonly together?: boolean
}

export interface Writers {
  readonly history: WriterHistory
  /** Lets the transactions in hand come to their end. May be called again. */
  stop(): Promise<void>
}

class OnPurpose extends Error {}

const makeEvents = (random: Dice): NewEvent[] => {
  const count = random.chance(0.2) ? random.between(2, 12) : 1
  return Array.from({ length: count }, () => {
    const account = `account-${random.between(1, 60)}`
    return {
      id: newId(),
      type: 'account.changed',
      version: 1,
      aggregate: 'account',
      aggregateId: account,
      data: { account, amount: '12.50' },
      occurredAt: new Date(),
      metadata: {},
    }
  })
}

/** Milliseconds between two moments at which writers commit together. */
const beat = 50

/** One business transaction: a row, its events, then some time before it commits; one in ten is rolled back. */
const transact = async (database: Database, random: Dice, history: WriterHistory, together: boolean) => {
  const events = makeEvents(random)
  const ids = events.map(({ id }) => id)
  const rollBack = random.chance(0.1)
  try {
    await record(database, async (tx) => {
      await tx.query('insert into entries (id) values ($1)', [ids[0]])
      await append(tx, events)
      await wait(together ? beat - (performance.now() % beat) : random.between(0, 15))
      if (rollBack) throw new OnPurpose()
    })
    for (const id of ids) history.acknowledged.add(id)
  } catch (error) {
    if (error instanceof OnPurpose) for (const id of ids) history.rolledBack.add(id)
    else if (!isOnewriteError(error)) await wait(50)
    else await wait(100)
  }
}

/** Writers that go on through every fault, each at its own random pace. */
export const startWriters = async (
  database: Database,
  { count, seed, together = false }: WritersOptions,
): Promise<Writers> => {
  await database.query('create table if not exists entries (id uuid primary key)')
  const history: WriterHistory = { acknowledged: new Set(), rolledBack: new Set() }
  let stopped = false
  const write = async (number: number): Promise<void> => {
    const random = dice(seed * 1000 + number)
    while (!stopped) {
      await transact(database, random, history, together)
      await wait(random.between(20, 120))
    }
  }
  const running = Array.from({ length: count }, (_, number) => write(number))
  return {
    history,
    stop: async () => {
      stopped = true
      await Promise.all(running)
    },
  }
}
