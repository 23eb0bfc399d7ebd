import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { createPartitions } from '../../src/log/partitions.ts'
import { record } from '../../src/log/record.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import type { Database, Transaction } from '../../src/postgres/database.ts'
import { type Embedded, embedded } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { OrderPlaced } from '../support/order-placed.ts'
import { readRaw } from '../support/read-raw.ts'
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts'
import { goTo, useSmallPartitions } from './small-partitions.ts'

const targetOf = (url: string) => ({ host: '127.0.0.1', port: Number(new URL(url).port) })

const work = (event: NewEvent) => async (tx: Transaction) => {
  await tx.query('create table if not exists notes (text text)')
  await tx.query("insert into notes values ('kept')")
  await append(tx, [event])
  return 'the result'
}

let event: NewEvent

beforeEach(() => {
  event = OrderPlaced({ orderId: 'order-1' })
})

describe('over a connection that breaks', () => {
  let fresh: TestDatabase
  let proxy: TcpProxy
  let database: Database

  beforeEach(async () => {
    fresh = await freshDatabase()
    proxy = await tcpProxy(targetOf(fresh.url))
    database = pgDatabase({ url: proxy.through(fresh.url) })
  })

  afterEach(async () => {
    await database.close()
    await proxy.close()
    await fresh.close()
  })

  const recordedIds = async () => (await readRaw(fresh.database)).map(({ id }) => id)

  it('record returns the result when COMMIT took effect and its reply was lost', async () => {
    proxy.swallowReplyTo('COMMIT')
    expect(await record(database, work(event))).toBe('the result')
    expect(await recordedIds()).toEqual([event.id])
  })

  it('record says TRANSACTION_LOST when COMMIT never arrived', async () => {
    proxy.cutBefore('COMMIT')
    await expect(record(database, work(event))).rejects.toMatchObject({
      code: 'TRANSACTION_LOST',
      retryable: true,
    })
    expect(await recordedIds()).toEqual([])
    expect(await record(database, work(event))).toBe('the result')
    expect(await recordedIds()).toEqual([event.id])
  })

  it('record waits for a transaction that is still being committed', async () => {
    let commit = () => {}
    const held = new Promise<void>((resolve) => {
      commit = resolve
    })
    proxy.holdAt('pg_xact_status', async () => proxy.holdAt('pg_xact_status', async () => commit()))
    const own = await tcpProxy(targetOf(fresh.url))
    own.loseClientAt('COMMIT', () => held)
    const client = pgDatabase({ url: own.through(fresh.url), max: 1 })
    expect(await record({ ...database, transaction: client.transaction }, work(event))).toBe('the result')
    expect(await recordedIds()).toEqual([event.id])
    await client.close()
    await own.close()
  })

  it('record asks again when it is thrown out while asking', async () => {
    const others = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`
    proxy.swallowReplyTo('COMMIT')
    const recorded = record(database, async (tx) => {
      const result = await work(event)(tx)
      proxy.swallowReplyTo('COMMIT')
      setImmediate(() =>
        proxy.holdAt('pg_xact_status', async () => void (await fresh.database.query(others))),
      )
      return result
    })
    expect(await recorded).toBe('the result')
  })

  it('record says COMMIT_UNKNOWN when nobody can be asked in time', async () => {
    const cutOff = record(
      database,
      async (tx) => {
        await work(event)(tx)
        proxy.swallowReplyTo('COMMIT')
        proxy.refuse()
      },
      { resolveFor: 300 },
    )
    await expect(cutOff).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    expect(await recordedIds()).toEqual([event.id])
  })

  it('record says COMMIT_UNKNOWN when nothing was appended that could be looked up', async () => {
    proxy.swallowReplyTo('COMMIT')
    const blind = record(database, (tx) => tx.query('create table kept (id int)'))
    await expect(blind).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
  })

  it('a transaction alone says COMMIT_UNKNOWN, whatever became of it', async () => {
    proxy.swallowReplyTo('COMMIT')
    await expect(database.transaction(work(event))).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    proxy.cutBefore('COMMIT')
    const other = OrderPlaced({ orderId: 'order-2' })
    await expect(database.transaction(work(other))).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    expect(await recordedIds()).toEqual([event.id])
  })

  it('a retry with the same ids then says DUPLICATE_EVENT and leaves nothing behind', async () => {
    proxy.swallowReplyTo('COMMIT')
    await expect(database.transaction(work(event))).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    await expect(database.transaction(work(event))).rejects.toMatchObject({
      code: 'DUPLICATE_EVENT',
      parameters: { id: event.id },
    })
    const { rows } = await fresh.database.query('select text from notes')
    expect(rows).toEqual([{ text: 'kept' }])
    expect(await recordedIds()).toEqual([event.id])
  })

  it('so it does when the retry lands in the next partition', async () => {
    await useSmallPartitions(fresh.database)
    await createPartitions(fresh.database)
    await goTo(fresh.database, 1000)
    proxy.swallowReplyTo('COMMIT')
    await expect(database.transaction(work(event))).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    await expect(database.transaction(work(event))).rejects.toMatchObject({ code: 'DUPLICATE_EVENT' })
    expect(await recordedIds()).toEqual([event.id])
  })

  it('a retry that overtakes the first attempt waits for it', async () => {
    const first = database.transaction(async (tx) => {
      await append(tx, [event])
      const retry = database.transaction((late) => append(late, [event]))
      await expect.poll(waiting).toBe(1)
      return { retry: retry.catch((error: unknown) => error) }
    })
    const { retry } = await first
    expect(await retry).toMatchObject({ code: 'DUPLICATE_EVENT' })
    expect(await recordedIds()).toEqual([event.id])
  })

  const waiting = async (): Promise<number> => {
    const { rows } = await fresh.database.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows[0]?.n ?? 0
  }
})

describe('on a server that is killed', () => {
  let directory: string
  let server: Embedded
  let proxy: TcpProxy

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'onewrite-killed-'))
    // Nothing reaches the disk but by a commit.
    // No autovacuum: it would draw transaction ids of its own in between.
    const settings = { wal_writer_delay: '10s', bgwriter_delay: '10s', autovacuum: 'off' }
    server = embedded({ directory, settings })
    const database = pgDatabase({ url: await server.start() })
    await migrate(database)
    await database.close()
    proxy = await tcpProxy(targetOf(server.url))
  })

  afterAll(async () => {
    await proxy.close()
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const isRecorded = async ({ id }: NewEvent): Promise<boolean> => {
    const database = pgDatabase({ url: server.url })
    const events = await readRaw(database)
    await database.close()
    return events.some((one) => one.id === id)
  }

  const restart = async (): Promise<void> => {
    await server.kill()
    await server.start()
  }

  it('record returns the result of a commit that survived', async () => {
    const database = pgDatabase({ url: proxy.through(server.url) })
    const recorded = record(database, async (tx) => {
      const result = await work(event)(tx)
      proxy.swallowReplyTo('COMMIT')
      proxy.holdAt('pg_xact_status', restart)
      return result
    })
    expect(await recorded).toBe('the result')
    expect(await isRecorded(event)).toBe(true)
    await database.close()
  })

  it('record says TRANSACTION_LOST when the server died before COMMIT', async () => {
    const database = pgDatabase({ url: proxy.through(server.url) })
    proxy.holdAt('COMMIT', restart)
    await expect(record(database, work(event))).rejects.toMatchObject({ code: 'TRANSACTION_LOST' })
    expect(await isRecorded(event)).toBe(false)
    await database.close()
  })

  it('record is not deceived by another transaction that got the id after the crash', async () => {
    const database = pgDatabase({ url: proxy.through(server.url) })
    const given: string[] = []
    let lost = ''
    const takeIdsAgain = async (): Promise<void> => {
      const others = pgDatabase({ url: server.url })
      while (BigInt(given.at(-1) ?? '0') < BigInt(lost)) {
        const { rows } = await others.query<{ id: string }>('select pg_current_xact_id()::text as id')
        given.push(rows[0]?.id ?? '')
      }
      await others.close()
    }
    proxy.holdAt('COMMIT', restart)
    proxy.holdAt('pg_xact_status', takeIdsAgain)
    const recorded = record(database, async (tx) => {
      lost = (await append(tx, [event])).transactionId
    })
    await expect(recorded).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    expect(given).toContain(lost)
    expect(await isRecorded(event)).toBe(false)
    await database.close()
  })

  it('record tells the truth at whatever moment it dies', async () => {
    for (let moment = 0; moment < 4; moment += 1) {
      const one = OrderPlaced({ orderId: `order-${moment}` })
      const database = pgDatabase({ url: server.url, max: 3 })
      await database.query('select 1')
      let restarted: Promise<void> = Promise.resolve()
      const outcome = await record(database, async (tx) => {
        await work(one)(tx)
        restarted = new Promise((resolve) => setTimeout(resolve, moment)).then(restart)
        if (moment % 2 === 0) await tx.query('select pg_sleep(0.001 * $1)', [moment])
      }).then(
        () => 'recorded',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      )
      await restarted
      const kept = await isRecorded(one)
      expect([outcome, kept]).toEqual(
        kept ? ['recorded', true] : [expect.not.stringMatching('recorded'), false],
      )
      expect(outcome).not.toBe('COMMIT_UNKNOWN')
      await database.close()
    }
  })
})
