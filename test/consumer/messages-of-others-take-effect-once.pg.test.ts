import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { consumer } from '../../src/consumer/consumer.ts'
import { type TopicMessageOptions, topicMessage } from '../../src/consumer/message/topic-message.ts'
import { on } from '../../src/consumer/on.ts'
import { editDeadLetter, redrive } from '../../src/dead-letter/decide.ts'
import { listDeadLetters } from '../../src/dead-letter/list.ts'
import type { Transaction } from '../../src/postgres/database.ts'
import { openScene, type Scene } from './scene.ts'

const topic = 'stock.moved'
const me = { actor: 'me' }

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
  await scene.transport.publishing.createTopics([{ name: topic }])
  await scene.db.database.query('create table moves (seq bigserial, event text, product text, move int)')
})
afterEach(() => scene.close())

const data = z.object({ product: z.string(), move: z.int(), slip: z.string().optional() })
type Moved = z.infer<typeof data>

const options: TopicMessageOptions<Moved> = {
  topic,
  aggregate: 'product',
  data,
  key: ({ product }) => product,
  id: ({ slip }) => slip,
}

const insert = (tx: Transaction, id: string, { product, move }: Moved) =>
  tx.query('insert into moves (event, product, move) values ($1, $2, $3)', [id, product, move])

const listen = (change: Partial<TopicMessageOptions<Moved>> = {}): void => {
  const StockMoved = topicMessage('stock.moved', { ...options, ...change })
  const handler = on(StockMoved, async ({ event, tx }) => {
    await insert(tx, event.id, event.data)
  })
  scene.start(consumer('stock', [handler]), { topics: [topic] })
}

const message = (value: string, key: string | null = null) => ({ topic, key, value, headers: [] })

const moved = (product: string, move: number, slip?: string, key: string | null = null) =>
  message(JSON.stringify({ product, move, slip }), key)

const moves = async (): Promise<readonly string[]> => {
  const { rows } = await scene.db.database.query<Moved>('select product, move from moves order by seq')
  return rows.map(({ product, move }) => `${product} ${move}`)
}

const patience = { timeout: 20_000 }
const parked = () => listDeadLetters(scene.db.database)

test('the same id has one effect, whatever record it came in; messages without one have one each', async () => {
  listen()
  await scene.send([
    moved('nut', 1, 's-1'),
    moved('nut', 2),
    moved('nut', 1, 's-1'),
    moved('nut', 2),
    moved('nut', 3),
  ])
  await expect.poll(moves, patience).toEqual(['nut 1', 'nut 2', 'nut 2', 'nut 3'])
  expect(await parked()).toEqual([])
})

test('what cannot be read is parked; its key waits, others go on; edited and redriven it keeps its id', async () => {
  listen()
  const odd = message('{"product": "nut", "move": "two", "slip": "s-2"}', 'nut')
  await scene.send([
    moved('nut', 1, 's-1', 'nut'),
    odd,
    moved('nut', 3, 's-3', 'nut'),
    moved('bolt', 1, 's-4'),
  ])
  await expect.poll(moves, patience).toEqual(expect.arrayContaining(['nut 1', 'bolt 1']))
  await expect.poll(parked, patience).toHaveLength(1)
  const [first] = await parked()
  expect(first).toMatchObject({ key: 'nut', state: 'parked', errorCode: 'INVALID_MESSAGE' })
  expect(first?.cause).toContain('move: Invalid input: expected number, received string')
  await editDeadLetter(
    scene.db.database,
    first?.number ?? 0n,
    '{"product": "nut", "move": 2, "slip": "another"}',
    me,
  )
  await redrive(scene.db.database, {}, me)
  await expect.poll(moves, patience).toHaveLength(4)
  expect((await moves()).filter((move) => move.startsWith('nut'))).toEqual(['nut 1', 'nut 2', 'nut 3'])
  const { rows } = await scene.db.database.query('select event from moves where product = $1 and move = 2', [
    'nut',
  ])
  expect(rows).toEqual([{ event: first?.eventId }])
})

test('what cannot be read is passed over where that is declared, and its key goes on', async () => {
  listen({ unreadable: 'skip' })
  const odd = [message('{', 'nut'), message('{"product": "nut", "move": "two"}', 'nut')]
  await scene.send([moved('nut', 1, 's-1', 'nut'), ...odd, moved('nut', 3, 's-3', 'nut')])
  await expect.poll(moves, patience).toEqual(['nut 1', 'nut 3'])
  expect(await parked()).toEqual([])
})
