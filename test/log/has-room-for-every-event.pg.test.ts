import { beforeEach, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { createPartitions } from '../../src/log/partitions.ts'
import { streamVersion } from '../../src/log/read-stream.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'
import { OrderPlaced, placed } from '../support/order-placed.ts'
import { readRaw } from '../support/read-raw.ts'
import { judge, libraryReader, type Seen } from './readers.ts'
import { goTo, nameOf, partitionNames, useSmallPartitions } from './small-partitions.ts'

let database: Database

beforeEach(async () => {
  database = (await freshDatabase()).database
  await useSmallPartitions(database)
})

const write = (events: readonly NewEvent[]) => database.transaction((tx) => append(tx, events))

const positions = async (table: string): Promise<readonly number[]> => {
  const { rows } = await database.query<{ position: string }>(
    `select position from onewrite.${table} order by position`,
  )
  return rows.map(({ position }) => Number(position))
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('partitions', () => {
  it('are created for the range in use and so many ahead, once', async () => {
    const first = await createPartitions(database)
    expect(first).toEqual({ created: [nameOf(1), nameOf(1001), nameOf(2001)], skipped: [], overflow: false })
    expect((await createPartitions(database)).created).toEqual([])
    await goTo(database, 2500)
    expect((await createPartitions(database, 1)).created).toEqual([nameOf(3001)])
  })

  it('are created once by ten instances at the same time', async () => {
    const reports = await Promise.all(Array.from({ length: 10 }, () => createPartitions(database, 4)))
    expect(reports.flatMap(({ created }) => created).sort()).toEqual(
      [1, 1001, 2001, 3001, 4001].map((first) => nameOf(first)),
    )
  })

  it('stay as they are when the size is changed, and the next ones have the new size', async () => {
    await createPartitions(database, 1)
    await database.query('update onewrite.settings set partition_size = 1500')
    expect(await createPartitions(database, 2)).toEqual({
      created: [nameOf(3001)],
      skipped: [nameOf(1501)],
      overflow: false,
    })
  })

  it('are created while a writer has its transaction open', async () => {
    await createPartitions(database, 0)
    await database.transaction(async (tx) => {
      await append(tx, placed('order-1'))
      expect((await createPartitions(database, 1)).created).toEqual([nameOf(1001)])
      await append(tx, placed('order-1'))
    })
    expect(await positions(nameOf(1))).toEqual([1, 2])
  })
})

describe('the border between two partitions', () => {
  it('is crossed by writers while partitions are created and a reader reads on', async () => {
    await createPartitions(database, 0)
    await goTo(database, 900)
    const reader = await libraryReader(database)
    const seen: Seen[] = []
    const write1 = async (name: string): Promise<void> => {
      for (let n = 0; n < 40; n += 1) await write(placed(name, `${name}-also`))
    }
    await createPartitions(database, 1)
    let done = false
    const writing = Promise.all(range(1, 6).map((n) => write1(`order-${n}`))).then(() => {
      done = true
    })
    const reading = (async () => {
      for (let idle = 0; idle < 3; idle = done ? idle + 1 : 0) seen.push(...(await reader.look()))
    })()
    for (let n = 0; n < 5; n += 1) await createPartitions(database, 1)
    await writing
    await reading
    await reader.close()
    const truth = (await readRaw(database)).map(({ position, aggregateId, sequence }) => ({
      position: BigInt(position),
      stream: aggregateId,
      sequence: Number(sequence),
    }))
    expect(truth).toHaveLength(480)
    expect(judge(truth, seen)).toEqual({ lost: 0, surplus: 0, reordered: 0 })
    expect(await positions('events_overflow')).toEqual([])
    expect((await positions(nameOf(1))).length).toBeGreaterThan(0)
    expect((await positions(nameOf(1001))).length).toBeGreaterThan(0)
  })

  it('may lie within one append', async () => {
    await createPartitions(database)
    await goTo(database, 996)
    const { position, sequences } = await write(placed(...Array<string>(10).fill('order-1')))
    expect(position).toBe(1005n)
    expect(sequences).toEqual(range(1, 10))
    expect(await positions(nameOf(1))).toEqual(range(996, 1000))
    expect(await positions(nameOf(1001))).toEqual(range(1001, 1005))
    expect((await readRaw(database)).map(({ ordinal, count }) => [ordinal, count])).toEqual(
      range(0, 9).map((ordinal) => [ordinal, 10]),
    )
  })

  it('does not let an event through twice, whether in one append or in two', async () => {
    await createPartitions(database)
    const event = OrderPlaced({ orderId: 'order-1' })
    const duplicate = { code: 'DUPLICATE_EVENT', parameters: { id: event.id } }
    await goTo(database, 1000)
    await expect(write([event, event])).rejects.toMatchObject(duplicate)
    await goTo(database, 1000)
    await write([event])
    await expect(write([...placed('order-1', 'order-2'), event])).rejects.toMatchObject(duplicate)
    await goTo(database, 1990)
    await expect(write([event])).rejects.toMatchObject(duplicate)
    expect(await streamVersion(database, { aggregate: 'order', aggregateId: 'order-1' })).toBe(1)
    expect(await readRaw(database)).toHaveLength(1)
  })
})

describe('events that find no partition', () => {
  it('are recorded, read in order, and kept from being recorded twice', async () => {
    const events = placed('order-1', 'order-2', 'order-1')
    await write(events)
    expect(await positions('events_overflow')).toEqual([1, 2, 3])
    expect((await readRaw(database)).map(({ id }) => id)).toEqual(events.map(({ id }) => id))
    await expect(write(events.slice(0, 1))).rejects.toMatchObject({ code: 'DUPLICATE_EVENT' })
  })

  it('do not keep the partitions of later ranges from being created', async () => {
    await write(placed('order-1'))
    const report = await createPartitions(database, 2)
    expect(report).toEqual({ created: [nameOf(1001), nameOf(2001)], skipped: [nameOf(1)], overflow: true })
    expect(await partitionNames(database)).toEqual([nameOf(1001), nameOf(2001), 'events_overflow'])
    await goTo(database, 1000)
    await write(placed('order-1', 'order-1'))
    expect(await positions('events_overflow')).toEqual([1, 1000])
    expect(await positions(nameOf(1001))).toEqual([1001])
    expect((await readRaw(database)).map(({ sequence }) => sequence)).toEqual(['1', '2', '3'])
  })
})
