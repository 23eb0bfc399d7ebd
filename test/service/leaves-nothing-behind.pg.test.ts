import type { OutgoingRecord } from 'onewrite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { type RunningService, service } from '../../src/service/service.ts'
import type { ServiceOptions } from '../../src/service/service-options.ts'
import { delivering } from '../../src/transport/deliver.ts'
import { memory } from '../../src/transport/memory.ts'
import { postgres } from '../../src/transport/postgres.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { OrderPlaced, placed } from '../support/order-placed.ts'
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts'

let fresh: TestDatabase

beforeEach(async () => {
  fresh = await freshDatabase()
})

afterEach(() => fresh.close())

const start = (options: Partial<ServiceOptions> = {}): Promise<RunningService> =>
  service({ name: 'orders', database: fresh.url, events: [OrderPlaced], ...options }).start()

const place = (app: RunningService, ...orders: readonly string[]) =>
  app.transaction((tx) => append(tx, placed(...orders)))

const connections = async (): Promise<readonly unknown[]> => {
  const { rows } = await fresh.database.query(
    `select application_name, state, query from pg_stat_activity
     where datname = current_database() and application_name like 'onewrite %'`,
  )
  return rows
}

const transports: readonly [string, () => Transport][] = [
  ['postgres', postgres],
  ['memory', memory],
]

describe.each(transports)('a stopped service on %s', (_name, transport) => {
  it('has no connection and no lease left, also with subscriptions that nobody stopped', async () => {
    const carried: string[] = []
    const shared = transport()
    const published = (records: readonly OutgoingRecord[]) => {
      carried.push(...records.map(({ key }) => String(key)))
    }
    const app = await start({ transport: shared, published })
    const forgotten = shared.subscribing?.subscribe(
      { group: 'forgotten' },
      delivering(async () => {}),
    )
    await place(app, 'order-1', 'order-2')
    await expect.poll(() => carried).toEqual(['order-1', 'order-2'])
    expect(app.health().state).toBe('up')
    await Promise.all([app.stop(), app.stop()])
    await app.stop()
    await forgotten?.ended
    await expect.poll(connections).toEqual([])
    expect(app.health().state).toBe('stopped')
    const { rows } = await fresh.database.query(
      "select name from onewrite.leases where owner <> '' and expires_at < 'infinity'",
    )
    expect(rows).toEqual([])
  })

  it('leaves what was recorded to the next start, which carries it once', async () => {
    const carried: string[] = []
    const published = (records: readonly OutgoingRecord[]) => {
      carried.push(...records.map(({ key }) => String(key)))
    }
    const shared = transport()
    const first = await start({ transport: shared, published })
    await place(first, 'order-1')
    await expect.poll(() => carried).toEqual(['order-1'])
    await first.stop()
    await fresh.database.transaction((tx) => append(tx, placed('order-2')))
    const second = await start({ transport: shared, published })
    await expect.poll(() => carried).toEqual(['order-1', 'order-2'])
    await second.stop()
  })
})

describe('a start that fails', () => {
  it('leaves no connection behind', async () => {
    await fresh.database.query("insert into onewrite.migrations values (9999, 'later.sql', 'x', now())")
    await expect(start()).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' })
    await expect.poll(connections).toEqual([])
  })

  it('says that the database cannot be reached', async () => {
    const app = service({ name: 'orders', database: 'postgres://nobody@127.0.0.1:1/nowhere' })
    await expect(app.start()).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  })
})

describe('stop', () => {
  let proxy: TcpProxy

  beforeEach(async () => {
    proxy = await tcpProxy({ host: '127.0.0.1', port: Number(new URL(fresh.url).port) })
  })

  afterEach(() => proxy.close())

  it('refuses a drain that is no duration, and stops nothing', async () => {
    const app = await start()
    // @ts-expect-error What a caller without types may pass.
    await expect(app.stop({ drain: 'soon' })).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    await place(app, 'order-1')
    await app.stop()
  })

  it('waits for a transaction in hand, but not longer than it may', async () => {
    const app = await start()
    let commit = () => {}
    const held = new Promise<void>((resolve) => {
      commit = resolve
    })
    const begun = app.transaction(async (tx) => {
      await append(tx, placed('order-1'))
      await held
    })
    await expect.poll(connections).toContainEqual(expect.objectContaining({ state: 'idle in transaction' }))
    await expect(app.stop({ drain: 200 })).rejects.toMatchObject({ code: 'DRAIN_TIMEOUT' })
    commit()
    await begun
    await app.stop()
    await expect.poll(connections).toEqual([])
  })

  it('comes to an end although PostgreSQL no longer answers', async () => {
    const app = await start({ database: proxy.through(fresh.url), leaseTtl: 500, published: () => {} })
    await place(app, 'order-1')
    proxy.blackhole()
    await expect(app.stop({ drain: 500 })).rejects.toMatchObject({ code: 'DRAIN_TIMEOUT' })
  })
})
