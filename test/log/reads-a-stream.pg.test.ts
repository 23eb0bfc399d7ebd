import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { append } from '../../src/log/append.ts'
import { lastPosition } from '../../src/log/last-position.ts'
import { readAll } from '../../src/log/read-all.ts'
import { type ReadStreamOptions, readStream, streamVersion } from '../../src/log/read-stream.ts'
import { catalogue } from '../../src/message/catalogue.ts'
import { event } from '../../src/message/event.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import { newId } from '../../src/message/new-id.ts'
import type { RecordedEvent } from '../../src/message/recorded-event.ts'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'
import { OrderPlaced, placed } from '../support/order-placed.ts'

const options = { aggregate: 'cart', id: (data: { cartId: string }) => data.cartId }
const first = event('cart.filled', { ...options, data: z.object({ cartId: z.string(), total: z.number() }) })
const latest = event('cart.filled', {
  ...options,
  version: 3,
  data: z.object({ cartId: z.string(), totalAmount: z.string(), currency: z.string() }),
  upcast: {
    1: ({ cartId, total }) => ({ cartId, totalAmount: String(total) }),
    2: (old) => ({ ...old, currency: 'EUR' }),
  },
})

let database: Database

beforeAll(async () => {
  database = (await freshDatabase()).database
})

const write = (...events: readonly NewEvent[]) => database.transaction((tx) => append(tx, events))

const all = async (events: AsyncIterable<RecordedEvent>): Promise<readonly RecordedEvent[]> => {
  const found: RecordedEvent[] = []
  for await (const one of events) found.push(one)
  return found
}

const orders = catalogue([OrderPlaced])
const carts = catalogue([latest])
const orderStream = (aggregateId: string) => ({ aggregate: 'order', aggregateId })
const sequences = async (id: string, settings?: ReadStreamOptions) =>
  (await all(readStream(database, orders, orderStream(id), settings))).map(({ sequence }) => sequence)

describe('readStream', () => {
  const id = newId()

  beforeAll(async () => {
    for (let n = 0; n < 5; n += 1) await write(...placed(id, newId(), id))
  })

  it.each<[ReadStreamOptions, readonly number[]]>([
    [{}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [{ pageSize: 1 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [{ pageSize: 3 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [{ pageSize: 5 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [{ from: 8 }, [8, 9, 10]],
    [{ to: 3, pageSize: 2 }, [1, 2, 3]],
    [{ from: 4, to: 4 }, [4]],
    [{ from: 11 }, []],
    [{ from: 5, to: 4 }, []],
    [{ from: 0, to: 1_000_000 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  ])('with %j gives the events of one aggregate in order', async (settings, expected) => {
    expect(await sequences(id, settings)).toEqual(expected)
  })

  it('of an aggregate that does not exist is empty, and its version 0', async () => {
    expect(await sequences('nobody')).toEqual([])
    expect(await streamVersion(database, orderStream('nobody'))).toBe(0)
    expect(await streamVersion(database, { aggregate: 'cart', aggregateId: id })).toBe(0)
    expect(await streamVersion(database, orderStream(id))).toBe(10)
  })

  it('carries everything that was recorded', async () => {
    const orderId = newId()
    const metadata = { correlationId: 'c-1', actor: 'ann', tenant: 'north', extra: { deep: [1] } }
    const occurredAt = new Date('2026-11-21T10:20:30.456Z')
    const given = OrderPlaced({ orderId, note: 'first' }, { metadata, occurredAt })
    const { position, transactionId } = await write(given)
    expect(await all(readStream(database, orders, orderStream(orderId)))).toEqual([
      {
        position,
        id: given.id,
        type: 'order.placed',
        version: 1,
        aggregate: 'order',
        aggregateId: orderId,
        sequence: 1,
        data: { orderId, note: 'first' },
        metadata,
        occurredAt,
        transactionId,
        ordinal: 0,
        count: 1,
      },
    ])
  })

  it('sees inside a transaction what that transaction appended, and nobody else does', async () => {
    const orderId = newId()
    await database.transaction(async (tx) => {
      await append(tx, placed(orderId, orderId))
      const inside = await all(readStream(tx, orders, orderStream(orderId), { pageSize: 1 }))
      expect(inside.map(({ sequence }) => sequence)).toEqual([1, 2])
      expect(await streamVersion(tx, orderStream(orderId))).toBe(2)
      expect(await sequences(orderId)).toEqual([])
      expect(await streamVersion(database, orderStream(orderId))).toBe(0)
    })
    expect(await sequences(orderId)).toEqual([1, 2])
  })

  it('may be left early', async () => {
    for await (const { sequence } of readStream(database, orders, orderStream(id), { pageSize: 2 })) {
      if (sequence === 3) break
    }
    expect(await sequences(id, { from: 10 })).toEqual([10])
  })
})

describe('what an older program recorded', () => {
  const cart = { aggregate: 'cart', aggregateId: newId() }
  const old = first({ cartId: cart.aggregateId, total: 12.5 })

  beforeAll(() => write(old))

  it('is upcast, one version after the other', async () => {
    const [read] = await all(readStream(database, carts, cart))
    expect(read).toMatchObject({
      version: 3,
      data: { cartId: cart.aggregateId, totalAmount: '12.5', currency: 'EUR' },
    })
  })

  it('of an unknown type is an error that names the known ones', async () => {
    const near = catalogue([event('cart.filed', { ...options, data: z.object({ cartId: z.string() }) })])
    await expect(all(readStream(database, near, cart))).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT_TYPE',
      parameters: { type: 'cart.filled', known: expect.stringContaining('cart.filed') },
    })
  })

  it('of a version that this program does not know yet is an error', async () => {
    const older = catalogue([first])
    const newer = latest({ cartId: newId(), totalAmount: '1', currency: 'EUR' })
    await write(newer)
    const stream = { aggregate: 'cart', aggregateId: newer.aggregateId }
    await expect(all(readStream(database, older, stream))).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT_VERSION',
      parameters: { version: '3', latest: 1 },
    })
  })
})

describe('readAll', () => {
  it('gives every event after a position, in order, and ends', async () => {
    const after = await lastPosition(database)
    const given = placed(...Array.from({ length: 25 }, () => newId()))
    for (const one of given) await write(one)
    const read = await all(readAll(database, orders, { after, pageSize: 4 }))
    expect(read.map(({ id }) => id)).toEqual(given.map(({ id }) => id))
    const middle = read[9]?.position ?? 0n
    const rest = await all(readAll(database, orders, { after: middle }))
    expect(rest.map(({ id }) => id)).toEqual(given.slice(10).map(({ id }) => id))
    expect(await all(readAll(database, orders, { after: await lastPosition(database) }))).toEqual([])
  })

  it('closes its connection, also when it is left early or fails', async () => {
    const after = await lastPosition(database)
    await write(...placed(newId(), newId()))
    for await (const _one of readAll(database, orders, { after })) break
    await expect(all(readAll(database, catalogue([]), { after }))).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT_TYPE',
    })
    const open = async () => {
      const { rowCount } = await database.query(
        `select 1 from pg_stat_activity
         where datname = current_database() and application_name = 'onewrite read'`,
      )
      return rowCount
    }
    await expect.poll(open).toBe(0)
  })
})
