import { afterAll, beforeAll, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import type { Database } from '../../src/postgres/database.ts'
import { judge } from '../../src/testing/history.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'
import { caughtUp } from './caught-up.ts'
import { buildKnownBad, type Change } from './known-bad.ts'
import { readHistory } from './read-history.ts'
import { startRelayChild } from './relay-child.ts'
import { readsWal } from './server-faults.ts'

/** One transaction of PostgreSQL in one of Kafka, so that a kill falls between two that follow each other closely. */
const singly: readonly Change[] = [
  {
    file: 'relay/wal/gatherer.ts',
    find: 'isOpen ? 2 : 1',
    replace: 'isOpen ? 2 : 1 / limits.events',
  },
  { file: 'relay/relay.ts', find: 'settleAfter: 10_000', replace: 'settleAfter: 1' },
]

const oneMore: Change = {
  file: 'postgres/pgoutput.ts',
  find: 'end: from.uint64(), committedAt',
  replace: 'end: from.uint64() + 1n, committedAt',
}

let fresh: TestDatabase

beforeAll(async () => {
  fresh = await freshDatabase()
})

afterAll(() => fresh.close())

/** Transactions that all wait with their commit for the last: one commit follows the other in the write-ahead log. */
const commitTogether = async (database: Database, count: number): Promise<void> => {
  let ready = 0
  let go: () => void = () => undefined
  const all = new Promise<void>((resolve) => {
    go = resolve
  })
  const transact = (key: string): Promise<void> =>
    database.transaction(async (tx) => {
      await append(tx, placed(key))
      ready += 1
      if (ready === count) go()
      await all
    })
  await Promise.all(Array.from({ length: count }, (_, number) => transact(`order-${number}`)))
}

/**
 * The commit of T2 begins where that of T1 ends. Who takes the end of T1 for one byte more than it is, and is killed
 * before T2 is on Kafka, never sees T2 again.
 */
const lostBetweenCommits = async (changes: readonly Change[]): Promise<number> => {
  const { database, url: databaseUrl } = fresh
  const relay = uniqueTopic('ends')
  const build = buildKnownBad({ name: relay, changes })
  const settings = {
    ...{ databaseUrl, brokers: brokers(), topic: relay, relay, build },
    ...({ delivery: 'exactly-once', source: 'wal' } as const),
  }
  const first = startRelayChild(settings)
  await readsWal(database, relay)
  await first.kill()
  await commitTogether(database, 8)
  for (let life = 0; life < 4; life += 1) await startRelayChild(settings, 'relay.committed=kill').ended
  const last = startRelayChild(settings)
  await last.leading
  await database.transaction((tx) => append(tx, placed('order-last')))
  await caughtUp(database, last, relay)
  await last.stop()
  const history = await readHistory({ database, brokers: brokers(), topic: relay, relay })
  return judge(history).lost.length
}

it('loses nothing where a relay is killed between two commits that touch', { timeout: 120_000 }, async () => {
  expect(await lostBetweenCommits(singly)).toBe(0)
})

it('convicts a relay that takes the end of a commit for one byte more', { timeout: 120_000 }, async () => {
  expect(await lostBetweenCommits([...singly, oneMore])).toBeGreaterThan(0)
})
