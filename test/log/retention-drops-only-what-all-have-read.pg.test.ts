import { beforeEach, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { keptFrom } from '../../src/log/kept-from.ts'
import { createPartitions } from '../../src/log/partitions.ts'
import { readAll } from '../../src/log/read-all.ts'
import { readStream, streamVersion } from '../../src/log/read-stream.ts'
import { type Obstacle, planRetention } from '../../src/log/retention.ts'
import { applyRetention } from '../../src/log/retention-drop.ts'
import { catalogue } from '../../src/message/catalogue.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import { saveCheckpoint } from '../../src/postgres/checkpoint.ts'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'
import { OrderPlaced, placed } from '../support/order-placed.ts'
import { readRaw } from '../support/read-raw.ts'
import { goTo, nameOf, partitionNames, useSmallPartitions } from './small-partitions.ts'

let database: Database

const day = 86_400_000
const old = (orderId: string): NewEvent =>
  OrderPlaced({ orderId }, { occurredAt: new Date(Date.now() - 40 * day) })

const write = (...events: readonly NewEvent[]) => database.transaction((tx) => append(tx, events))
const passed = (name: string, position: bigint) => saveCheckpoint(database, { name, position, token: 1n })
const known = catalogue([OrderPlaced])

/** Events at 1 and 2, 1001 and 1002, 2001; the last one is of today. */
beforeEach(async () => {
  database = (await freshDatabase()).database
  await useSmallPartitions(database)
  await createPartitions(database, 3)
  await write(old('order-1'), old('order-2'))
  await goTo(database, 1001)
  await write(old('order-1'), old('order-2'))
  await goTo(database, 2001)
  await write(...placed('order-1'))
})

const obstacles = async (): Promise<readonly (readonly Obstacle[])[]> =>
  (await planRetention(database, { after: '30d' })).partitions.map((partition) => partition.obstacles)

describe('a plan', () => {
  it('names the partitions that would go and why the others stay', async () => {
    const { partitions, droppedThrough, overflow } = await planRetention(database, { after: '30d' })
    expect(partitions.map(({ name, from, to, last }) => [name, from, to, last])).toEqual([
      [nameOf(1), 1n, 1000n, 2n],
      [nameOf(1001), 1001n, 2000n, 1002n],
      [nameOf(2001), 2001n, 3000n, 2001n],
      [nameOf(3001), 3001n, 4000n, undefined],
    ])
    expect(partitions.map((partition) => partition.obstacles)).toEqual([
      [],
      [],
      [{ kind: 'incomplete' }, { kind: 'young', newest: expect.stringMatching(/^\d{4}-/) }],
      [{ kind: 'incomplete' }, { kind: 'behind', partition: nameOf(2001) }],
    ])
    expect({ droppedThrough, overflow }).toEqual({ droppedThrough: 0n, overflow: false })
    expect(await partitionNames(database)).toHaveLength(5)
  })

  it('keeps what a group or a relay has not passed, and names it', async () => {
    await passed('group/printer', 2n)
    await passed('relay/orders', 2001n)
    const reader = { kind: 'reader', name: 'group/printer', position: 2n }
    expect((await obstacles()).slice(0, 2)).toEqual([[], [reader]])
  })

  it('keeps everything for a relay that is registered and has no checkpoint', async () => {
    await database.query(
      "insert into onewrite.relays (name, source, delivery, owner) values ('orders', 'table', 'exactly-once', 'me')",
    )
    const reader = { kind: 'reader', name: 'relay/orders', position: undefined }
    expect((await obstacles())[0]).toEqual([reader])
  })

  it('asks the shards of a divided relay, and no longer those of the division before', async () => {
    await database.query(
      `insert into onewrite.relay_shards values ('orders', 1, 1, '{}', true), ('orders', 2, 2, '{2}', true);
       insert into onewrite.relays (name, source, delivery, shard, shards, owner)
       values ('orders.2.0', 'table', 'exactly-once', 0, 2, ''), ('orders.2.1', 'table', 'exactly-once', 1, 2, '')`,
    )
    await passed('relay/orders', 2n)
    await passed('relay/orders.2.0', 2001n)
    await passed('relay/orders.2.1', 2n)
    // Of a version that did not register relays; its name only looks like a shard's.
    await passed('relay/orders.eu', 1n)
    const blocked = (await obstacles()).map((found) =>
      found.flatMap((obstacle) => (obstacle.kind === 'reader' ? [obstacle.name] : [])),
    )
    expect(blocked.slice(0, 2)).toEqual([['relay/orders.eu'], ['relay/orders.2.1', 'relay/orders.eu']])
  })

  it('counts as passed what ends with positions that nobody committed', async () => {
    await passed('relay/orders', 1002n)
    expect((await obstacles())[1]).toEqual([])
  })

  it('goes by the newest event, not by the last one', async () => {
    await goTo(database, 500)
    await write(...placed('order-3'), old('order-3'))
    await goTo(database, 2002)
    expect((await obstacles())[0]).toEqual([{ kind: 'young', newest: expect.any(String) }])
    expect((await obstacles())[1]).toEqual([{ kind: 'behind', partition: nameOf(1) }])
  })
})

describe('retention', () => {
  it('drops what the plan says and nothing else', async () => {
    await passed('group/printer', 2001n)
    const report = await applyRetention(database, { after: '30d' })
    expect(report.dropped).toEqual([nameOf(1), nameOf(1001)])
    expect(report.droppedThrough).toBe(2000n)
    expect(report.freed).toBeGreaterThan(0n)
    expect(report.partitions.map(({ name }) => name)).toEqual([nameOf(2001), nameOf(3001)])
    expect(await partitionNames(database)).toEqual([nameOf(2001), nameOf(3001), 'events_overflow'])
    expect((await applyRetention(database, { after: '30d' })).dropped).toEqual([])
  })

  it('is done once by ten instances at the same time', async () => {
    const reports = await Promise.all(
      Array.from({ length: 10 }, () => applyRetention(database, { after: '30d', attempts: 200 })),
    )
    expect(reports.flatMap(({ dropped }) => dropped).sort()).toEqual([nameOf(1), nameOf(1001)])
  })

  it('asks again under the lock: a reader that came after the plan keeps what it has not read', async () => {
    const late: Database = {
      ...database,
      transaction: async (work, options) => {
        await passed('group/late', 2n)
        return database.transaction(work, options)
      },
    }
    const report = await applyRetention(late, { after: '30d' })
    expect(report.dropped).toEqual([nameOf(1)])
    expect(report.partitions[0]).toMatchObject({
      name: nameOf(1001),
      obstacles: [{ kind: 'reader', name: 'group/late', position: 2n }],
    })
    expect(report.partitions[1]?.obstacles).not.toEqual([])
  })

  it('keeps the versions of streams, and sequences go on', async () => {
    await applyRetention(database, { after: '30d' })
    const order = (aggregateId: string) => ({ aggregate: 'order', aggregateId })
    expect(await streamVersion(database, order('order-2'))).toBe(2)
    const { sequences } = await write(...placed('order-2'))
    expect(sequences).toEqual([3])
  })

  it('does not wait for a transaction that is open on the log, and says that it was busy', async () => {
    await database.transaction(async (tx) => {
      await append(tx, placed('order-9'))
      const report = await applyRetention(database, { after: '30d', attempts: 2 })
      expect(report.dropped).toEqual([])
      expect(report.partitions[0]?.obstacles).toEqual([{ kind: 'busy' }])
      // Another writer was not kept waiting by it.
      await write(...placed('order-10'))
    })
    expect((await applyRetention(database, { after: '30d' })).dropped).toHaveLength(2)
  })
})

describe('after a drop', () => {
  beforeEach(async () => {
    await applyRetention(database, { after: '30d' })
  })

  const all = async (after?: bigint) => {
    const events = []
    for await (const event of readAll(database, known, after === undefined ? {} : { after }))
      events.push(event)
    return events
  }

  it('reading all says where the log begins instead of leaving events out', async () => {
    const dropped = { code: 'EVENTS_DROPPED', parameters: { first: 'position 2001' } }
    await expect(all()).rejects.toMatchObject(dropped)
    await expect(all(1999n)).rejects.toMatchObject(dropped)
    const first = await keptFrom(database)
    expect(first).toBe(2001n)
    expect((await all(first - 1n)).map(({ position }) => position)).toEqual([2001n])
  })

  it('reading a stream says so too, where events that were asked for are gone', async () => {
    const stream = async (aggregateId: string, from: number) => {
      const sequences = []
      const events = readStream(database, known, { aggregate: 'order', aggregateId }, { from })
      for await (const { sequence } of events) sequences.push(sequence)
      return sequences
    }
    await expect(stream('order-1', 1)).rejects.toThrow('stream order/order-1 is kept from sequence 3 on')
    await expect(stream('order-2', 2)).rejects.toThrow('stream order/order-2 is kept from sequence 3 on')
    expect(await stream('order-1', 3)).toEqual([3])
    expect(await stream('order-2', 3)).toEqual([])
    expect(await stream('order-7', 1)).toEqual([])
  })

  it('a reader that was forgotten and comes back stops; a new one begins at the first event kept', async () => {
    await expect(readRaw(database, 2n)).rejects.toMatchObject({ code: 'EVENTS_DROPPED' })
    expect((await readRaw(database, 0n)).map(({ position }) => position)).toEqual(['2001'])
  })

  it('an event that was recorded is still refused a second time across a border', async () => {
    const [event] = placed('order-5')
    await goTo(database, 3000)
    await write(...placed('order-6'))
    await goTo(database, 2999)
    if (event !== undefined) await write(event)
    await goTo(database, 3001)
    await expect(write(...(event === undefined ? [] : [event]))).rejects.toMatchObject({
      code: 'DUPLICATE_EVENT',
    })
  })
})
