import { beforeEach, describe, expect, it } from 'vitest'
import { closeEmptyQueues } from '../../src/dead-letter/close-queues.ts'
import { discard, editDeadLetter, redrive } from '../../src/dead-letter/decide.ts'
import { type Behind, enqueue } from '../../src/dead-letter/enqueue.ts'
import { countDeadLetters, listDeadLetters, showDeadLetter } from '../../src/dead-letter/list.ts'
import { openQueuesOf } from '../../src/dead-letter/open-queues.ts'
import { keyQueue, type Queue, queueName } from '../../src/dead-letter/queue.ts'
import { type Head, markDelivered, parkHead, takeHead } from '../../src/dead-letter/take-head.ts'
import type { Database, Transaction } from '../../src/postgres/database.ts'
import { openTransaction, untilWaiting } from '../consumer/open-transaction.ts'
import { freshDatabase } from '../support/database.ts'

const reader = 'consumer/inventory'
const operator = { actor: 'anna' }
const cause = { code: 'HANDLER_REFUSED', message: 'unknown product "apple"' }

let database: Database

beforeEach(async () => {
  database = (await freshDatabase()).database
})

const queueOf = (key: string): Queue => keyQueue({ topic: 'order', key }, key)

const behind = (id: string, key = 'o-1', more: Partial<Behind> = {}): Behind => ({
  id,
  queue: queueOf(key),
  record: {
    topic: 'order.events',
    key,
    value: `value of ${id}`,
    headers: [['ce_type', 'order.created']],
    partition: 3,
    timestamp: 1_700_000_000_000,
  },
  position: 17n,
  ...more,
})

const parked = (id: string, key?: string): Behind => behind(id, key, { cause })
const put = (...all: Behind[]) => database.transaction((tx) => enqueue(tx, reader, all))
const isOpen = async (key: string): Promise<boolean> =>
  (await database.transaction((tx) => openQueuesOf(tx, reader, [queueOf(key)]))).size > 0

/** What is delivered, until nothing is released. */
const drain = async (refuse?: string): Promise<readonly string[]> => {
  const ids: string[] = []
  const step = (tx: Transaction) =>
    takeHead(tx, reader, []).then(async (head) => {
      if (head === undefined) return false
      if (head.id === refuse) await parkHead(tx, head, cause)
      else {
        await markDelivered(tx, head)
        ids.push(head.id)
      }
      return true
    })
  while (await database.transaction(step)) {}
  return ids
}

const states = async (): Promise<readonly string[]> =>
  (await listDeadLetters(database, { states: ['parked', 'held', 'released', 'sent', 'discarded'] })).map(
    ({ eventId, state }) => `${eventId} ${state}`,
  )

describe('a parked event', () => {
  it('keeps the queue of its key open, and no other', async () => {
    await put(parked('1'))
    const queues = [queueOf('o-1'), queueOf('o-2'), queueOf('o-1')]
    const open = await database.transaction((tx) => openQueuesOf(tx, reader, queues))
    expect(open).toEqual(new Set([queueName(queueOf('o-1'))]))
    expect(await database.transaction((tx) => openQueuesOf(tx, 'consumer/billing', queues))).toEqual(
      new Set(),
    )
    expect(await database.transaction((tx) => openQueuesOf(tx, reader, []))).toEqual(new Set())
  })

  it('waits for a decision, and what follows waits behind it', async () => {
    await put(parked('1'), behind('2'))
    await put(behind('3'))
    expect(await drain()).toEqual([])
    expect(await closeEmptyQueues(database, reader)).toBe(0)
    expect(await countDeadLetters(database, reader)).toMatchObject({ quarantines: 1, parked: 1, waiting: 2 })
  })

  it('is kept byte for byte, with where it was read', async () => {
    await put(behind('1', 'o-1', { cause, attempts: 4 }))
    await redrive(database, { reader }, operator)
    const head = await database.transaction((tx) => takeHead(tx, reader, []))
    expect(head).toMatchObject({ id: '1', position: 17n, attempts: 4 })
    expect(head?.record).toEqual({
      ...behind('1').record,
      key: Buffer.from('o-1'),
      value: Buffer.from('value of 1'),
    })
  })
})

describe('a redrive', () => {
  it('lets the queue go in order, with what arrives meanwhile, and then closes it', async () => {
    const numbers = await put(parked('1'), behind('2'), behind('3'))
    expect(numbers).toEqual([...numbers].sort())
    const redriven = await redrive(database, { reader }, operator)
    expect(redriven).toMatchObject({ released: [{ eventId: '1' }], following: 2 })
    await put(behind('4'))
    expect(await drain()).toEqual(['1', '2', '3', '4'])
    expect(await isOpen('o-1')).toBe(true)
    expect(await closeEmptyQueues(database, reader)).toBe(1)
    expect(await isOpen('o-1')).toBe(false)
  })

  it('done twice has the effect of once', async () => {
    await put(parked('1'))
    await redrive(database, { reader }, operator)
    expect(await redrive(database, { reader }, operator)).toMatchObject({ released: [] })
    expect(await drain()).toEqual(['1'])
    expect(await redrive(database, { reader }, operator)).toMatchObject({ released: [] })
    expect(await drain()).toEqual([])
  })

  it('of a whole quarantine, of a key or of a kind of error leaves the others', async () => {
    await put(parked('1', 'a'), behind('2', 'a'), parked('3', 'b'), parked('4', 'c'))
    const other = { code: 'X', message: 'another' }
    await put(behind('5', 'd', { cause: other }))
    const [first, , third] = await listDeadLetters(database, { reader })
    await redrive(database, { quarantine: first?.quarantine ?? 0n }, operator)
    expect(await drain()).toEqual(['1', '2'])
    await redrive(database, { key: 'b' }, operator)
    expect(await drain()).toEqual(['3'])
    await redrive(database, { fingerprint: third?.fingerprint ?? '' }, operator)
    expect(await drain()).toEqual(['4'])
    expect(await states()).toEqual(['1 sent', '2 sent', '3 sent', '4 sent', '5 parked'])
  })

  it('that fails parks the event again, first of its queue', async () => {
    await put(parked('1'), behind('2'), behind('3'))
    await redrive(database, { reader }, operator)
    expect(await drain('2')).toEqual(['1'])
    expect(await states()).toEqual(['1 sent', '2 parked', '3 held'])
    await redrive(database, { reader }, operator)
    expect(await drain()).toEqual(['2', '3'])
  })

  it('hands out the edited value, and keeps the one that came', async () => {
    const [number = 0n] = await put(parked('1'))
    await editDeadLetter(database, number, 'mended', operator)
    await redrive(database, { reader }, operator)
    const head = await database.transaction((tx) => takeHead(tx, reader, []))
    expect(head?.record.value).toEqual(Buffer.from('mended'))
    expect((await showDeadLetter(database, number))?.value).toEqual(Buffer.from('value of 1'))
  })
})

it('a discarded event lets go what waits behind it', async () => {
  const [number = 0n] = await put(parked('1'), behind('2'))
  await discard(database, number, { ...operator, reason: 'a test order' })
  expect(await drain()).toEqual(['2'])
  expect(await closeEmptyQueues(database, reader)).toBe(1)
})

describe('an event that is put there again', () => {
  it('is there once, in its place, while it waits', async () => {
    const first = await put(parked('1'), behind('2'), behind('2'))
    expect(await put(behind('2'), parked('1'))).toEqual([first[1], first[0]])
    expect(await states()).toEqual(['1 parked', '2 held'])
    await redrive(database, { reader }, operator)
    expect(await drain()).toEqual(['1', '2'])
  })

  it('waits again, behind what came before, where it had ended and was forgotten', async () => {
    const [number = 0n] = await put(parked('1'))
    await editDeadLetter(database, number, 'mended', operator)
    await redrive(database, { reader }, operator)
    await drain()
    await closeEmptyQueues(database, reader)
    await put(parked('2'), behind('1'))
    await redrive(database, { reader }, operator)
    const heads: (Head | undefined)[] = []
    const one = async (tx: Transaction): Promise<void> => {
      const head = await takeHead(tx, reader, [])
      if (head !== undefined) await markDelivered(tx, head)
      heads.push(head)
    }
    await database.transaction(one)
    await database.transaction(one)
    expect(heads.map((head) => head?.id)).toEqual(['2', '1'])
    expect(heads[1]?.record.value).toEqual(Buffer.from('value of 1'))
  })
})

describe('a queue in work', () => {
  it('is skipped by others, and arrivals do not wait for it', async () => {
    await put(parked('1', 'a'), parked('2', 'b'))
    await redrive(database, { reader }, operator)
    const working = await openTransaction(database)
    const head = await takeHead(working.tx, reader, [])
    expect(head?.id).toBe('1')
    expect(await isOpen('a')).toBe(true)
    await put(behind('3', 'a'))
    const other = await database.transaction((tx) => takeHead(tx, reader, []))
    expect(other?.id).toBe('2')
    expect(await database.transaction((tx) => takeHead(tx, reader, [other?.queue ?? 0n]))).toBeUndefined()
    await working.rollback()
    expect(await database.transaction((tx) => takeHead(tx, reader, []))).toMatchObject({ id: '1' })
  })

  it('is not parked by the instance that had it before', async () => {
    await put(parked('1'))
    await redrive(database, { reader }, operator)
    const before = await database.transaction((tx) => takeHead(tx, reader, []))
    if (before === undefined) throw new Error('nothing was released')
    const working = await openTransaction(database)
    const head = await takeHead(working.tx, reader, [])
    const parking = database.transaction((tx) => parkHead(tx, before, cause))
    await untilWaiting(database, 1)
    if (head !== undefined) await markDelivered(working.tx, head)
    await working.commit()
    await parking
    expect(await states()).toEqual(['1 sent'])
    const again = database.transaction((tx) => markDelivered(tx, before))
    await expect(again).rejects.toMatchObject({ code: 'FENCED' })
  })

  it('is closed only after a record that was arriving has come', async () => {
    await put(parked('1'))
    await redrive(database, { reader }, operator)
    await drain()
    const arriving = await openTransaction(database)
    expect((await openQueuesOf(arriving.tx, reader, [queueOf('o-1')])).size).toBe(1)
    expect(await closeEmptyQueues(database, reader)).toBe(0)
    await enqueue(arriving.tx, reader, [behind('2')])
    await arriving.commit()
    expect(await closeEmptyQueues(database, reader)).toBe(0)
    expect(await drain()).toEqual(['2'])
    expect(await closeEmptyQueues(database, reader)).toBe(1)
  })
})

it('ten thousand records go behind in their order', async () => {
  await put(parked('first'))
  const ids = Array.from({ length: 10_000 }, (_, index) => `id ${index}`)
  await put(...ids.map((id) => behind(id)))
  const { rows } = await database.query<{ event_id: string }>(
    `select event_id from onewrite.dead_letters where state = 'held' order by place`,
  )
  expect(rows.map(({ event_id }) => event_id)).toEqual(ids)
})
