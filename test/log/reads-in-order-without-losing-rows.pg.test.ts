import { setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import type { Database, Transaction } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'
import {
  everything,
  judge,
  libraryReader,
  positionReader,
  type Reader,
  type Seen,
  transactionReader,
  type Verdict,
} from './readers.ts'
import { seeded } from './seeded.ts'

const writers = 24
const transactionsEach = 30
const streams = 40
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

class Undone extends Error {}

/** Holds the transaction open for up to 20 ms: what a slow statement of the application does. */
const hold = (tx: Transaction, random: () => number) =>
  tx.query('select pg_sleep($1)', [random() < 0.5 ? 0 : random() * 0.02])

const someOrders = (random: () => number): readonly string[] =>
  Array.from({ length: 1 + Math.floor(random() * 3) }, () => `order-${Math.floor(random() * streams)}`)

const writeOnce = async (database: Database, random: () => number): Promise<void> => {
  const work = async (tx: Transaction): Promise<void> => {
    if (random() < 0.3) await tx.query('select pg_current_xact_id()')
    await hold(tx, random)
    if (random() < 0.2) {
      await tx.query('savepoint tried')
      await append(tx, placed(...someOrders(random)))
      await tx.query('rollback to savepoint tried')
    }
    // Streams of one transaction in one order, as append itself does within a call: no deadlocks.
    const [first, ...others] = [...new Set([...someOrders(random), ...someOrders(random)])].sort()
    if (first !== undefined) await append(tx, placed(first, first))
    await hold(tx, random)
    for (const other of others) await append(tx, placed(other))
    if (random() < 0.1) throw new Undone()
  }
  await database.transaction(work).catch((error: unknown) => {
    if (!(error instanceof Undone) && !/deadlock/.test(String(error))) throw error
  })
}

interface Following {
  readonly seen: Seen[]
  /** Looks until it has seen this position, at most so many looks that found nothing. */
  finish(position: bigint): Promise<void>
}

const following = (reader: Reader): Following => {
  const seen: Seen[] = []
  let last: bigint | undefined
  let idle = 0
  const run = async (): Promise<void> => {
    while (last === undefined || ((seen.at(-1)?.position ?? 0n) < last && idle < 50)) {
      const found = await reader.look()
      seen.push(...found)
      idle = found.length > 0 || last === undefined ? 0 : idle + 1
      await turn()
    }
    await reader.close()
  }
  const running = run()
  return {
    seen,
    finish: async (position) => {
      last = position
      await running
    },
  }
}

/** Open from before the first write to after the last read. */
const openForeign = async (url: string): Promise<() => Promise<void>> => {
  const clients = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })]
  await Promise.all(clients.map((client) => client.connect()))
  await clients[0]?.query(
    'begin isolation level repeatable read read only; select count(*) from onewrite.events',
  )
  await clients[1]?.query('create table notes (text text)')
  await clients[1]?.query("begin; insert into notes values ('foreign')")
  return async () => {
    for (const client of clients) {
      const { rows } = await client.query('select pg_backend_pid() as pid')
      expect(rows).toHaveLength(1)
      await client.query('commit')
      await client.end()
    }
  }
}

describe(`${writers} writers beside foreign transactions (SEED=${seed})`, () => {
  const verdicts = new Map<string, Verdict>()
  let truth: readonly Seen[] = []
  let endForeign: () => Promise<void>

  beforeAll(async () => {
    const fresh = await freshDatabase()
    const database = pgDatabase({ url: fresh.url, max: writers })
    endForeign = await openForeign(fresh.url)
    const kinds = {
      ordered: await libraryReader(fresh.database),
      reconnecting: await libraryReader(fresh.database, 7),
      position: await positionReader(fresh.database),
      transaction: await transactionReader(fresh.database),
    }
    const readers = Object.entries(kinds).map(([name, reader]) => [name, following(reader)] as const)
    await Promise.all(
      Array.from({ length: writers }, async (_, index) => {
        const random = seeded(seed + index)
        for (let n = 0; n < transactionsEach; n += 1) await writeOnce(database, random)
      }),
    )
    truth = await everything(fresh.database)
    const end = truth.at(-1)?.position ?? 0n
    await Promise.all(readers.map(([, reader]) => reader.finish(end)))
    for (const [name, { seen }] of readers) verdicts.set(name, judge(truth, seen))
    await database.close()
  })

  afterAll(() => endForeign())

  it('are enough to lose rows where nothing is done against it', () => {
    expect(truth.length).toBeGreaterThan(1000)
    expect(verdicts.get('position')?.lost).toBeGreaterThan(0)
  })

  it('the ordered reader loses nothing, reorders nothing, and reaches the end before they end', () => {
    expect(verdicts.get('ordered')).toEqual({ lost: 0, surplus: 0, reordered: 0 })
  })

  it('so does one that reconnects again and again while writers are open', () => {
    expect(verdicts.get('reconnecting')).toEqual({ lost: 0, surplus: 0, reordered: 0 })
  })

  it('a reader by transaction id is stalled by the foreign writer', () => {
    expect(verdicts.get('transaction')?.lost).toBe(truth.length)
  })
})
