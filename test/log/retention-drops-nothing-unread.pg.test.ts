import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { logReadersSql } from '../../src/log/log-readers.ts'
import { orderedReader } from '../../src/log/ordered-reader.ts'
import { createPartitions } from '../../src/log/partitions.ts'
import { applyRetention } from '../../src/log/retention-drop.ts'
import { saveCheckpoint } from '../../src/postgres/checkpoint.ts'
import type { Database, Queryable } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase } from '../support/database.ts'
import { OrderPlaced } from '../support/order-placed.ts'
import { judge, type Seen } from './readers.ts'
import { seeded } from './seeded.ts'
import { useSmallPartitions } from './small-partitions.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const writers = 6
const target = 8_000n
const longAgo = new Date(Date.now() - 3_600_000)

class Undone extends Error {}

/** Writes until positions beyond the target are drawn; what was committed, as it was recorded. */
const write = async (database: Database, random: () => number, committed: Seen[]): Promise<void> => {
  for (let position = 0n; position < target; ) {
    const stream = `order-${Math.floor(random() * 20)}`
    const events = Array.from({ length: 1 + Math.floor(random() * 60) }, () =>
      OrderPlaced({ orderId: stream }, { occurredAt: longAgo }),
    )
    try {
      const appended = await database.transaction(async (tx) => {
        const result = await append(tx, events)
        position = result.position
        await tx.query('select pg_sleep($1)', [random() < 0.7 ? 0 : random() * 0.01])
        if (random() < 0.1) throw new Undone()
        const { rows } = await tx.query<{ position: string }>(
          'select position from onewrite.events where tx_id = pg_current_xact_id() order by position',
        )
        return rows.map((row, index) => ({
          position: BigInt(row.position),
          stream,
          sequence: result.sequences[index] ?? 0,
        }))
      })
      committed.push(...appended)
    } catch (error) {
      if (!(error instanceof Undone)) throw error
    }
  }
}

interface Run {
  readonly committed: readonly Seen[]
  readonly seen: Readonly<Record<string, readonly Seen[]>>
  readonly dropped: readonly string[]
}

/** Reads a page once there are so many positions to read, or the writers have ended; then says how far it came. */
const read = async (database: Database, name: string, patience: bigint, ended: () => boolean) => {
  const connection = await database.rawConnection({ applicationName: name })
  const reader = orderedReader(connection, database.schema, 0n)
  const seen: Seen[] = []
  let through = 0n
  for (let idle = 0; idle < 3; ) {
    const { rows } = await database.query<{ last: string }>(
      'select last_value as last from onewrite.events_position',
    )
    const behind = BigInt(rows[0]?.last ?? '0') - through
    await turn()
    if (behind < patience && !ended()) continue
    const page = await reader.next({ events: 400, bytes: 1_000_000 })
    seen.push(
      ...page.events.map(({ position, aggregateId, sequence }) => ({
        position: BigInt(position),
        stream: aggregateId,
        sequence: Number(sequence),
      })),
    )
    through = page.through
    idle = ended() && page.caughtUp ? idle + 1 : 0
    await saveCheckpoint(database, { name: `group/${name}`, position: through, token: 1n })
  }
  await connection.close()
  return seen
}

/** `retaining` sees the database as retention does. */
const runTogether = async (retaining: (database: Database) => Database): Promise<Run> => {
  const fresh = await freshDatabase()
  const { database } = fresh
  await useSmallPartitions(database)
  await createPartitions(database, 3)
  for (const name of ['quick', 'slow']) {
    await saveCheckpoint(database, { name: `group/${name}`, position: 0n, token: 1n })
  }
  const pool = pgDatabase({ url: fresh.url, max: writers })
  const committed: Seen[] = []
  let ended = false
  const writing = Promise.all(
    Array.from({ length: writers }, (_, index) => write(pool, seeded(seed + index), committed)),
  ).then(() => {
    ended = true
  })
  const reading = Promise.all([
    read(database, 'quick', 1n, () => ended),
    read(database, 'slow', 2_500n, () => ended),
  ])
  const dropped: string[] = []
  const seenByRetention = retaining(database)
  while (!ended) {
    await createPartitions(database, 3)
    dropped.push(...(await applyRetention(seenByRetention, { after: '1m', attempts: 3 })).dropped)
  }
  await writing
  const [quick, slow] = await reading
  await pool.close()
  return { committed, seen: { quick, slow }, dropped }
}

/** Known to be bad: as if one reader were not asked. */
const ignoring =
  (name: string) =>
  (database: Database): Database => {
    const all = logReadersSql(database.schema)
    const others = `select * from (${all}) known where name <> '${name}'`
    // As a function: the text holds what would be a pattern of a replacement.
    const rewritten = (text: string): string => text.replace(all, () => others)
    const asking = <Q extends Queryable>(queryable: Q): Q => ({
      ...queryable,
      query: (text: string, values?: readonly unknown[]) => queryable.query(rewritten(text), values),
    })
    return {
      ...asking(database),
      transaction: (work, options) => database.transaction((tx) => work(asking(tx)), options),
    }
  }

describe(`retention beside ${writers} writers and two readers (SEED=${seed})`, () => {
  it('drops partitions while they run, and nothing that one of them has not read', async () => {
    const { committed, seen, dropped } = await runTogether((database) => database)
    expect(dropped.length).toBeGreaterThanOrEqual(3)
    expect(committed.length).toBeGreaterThan(5_000)
    for (const name of ['quick', 'slow']) {
      expect(judge(committed, seen[name] ?? [])).toEqual({ lost: 0, surplus: 0, reordered: 0 })
    }
  })

  it('would lose events of a reader that it did not ask', async () => {
    const { committed, seen } = await runTogether(ignoring('group/slow'))
    expect(judge(committed, seen['quick'] ?? [])).toMatchObject({ lost: 0 })
    expect(judge(committed, seen['slow'] ?? []).lost).toBeGreaterThan(0)
  })
})
