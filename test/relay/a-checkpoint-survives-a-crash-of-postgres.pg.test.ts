import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { lastPosition } from '../../src/log/last-position.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import type { Database } from '../../src/postgres/database.ts'
import { type Embedded, embedded } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { relay } from '../../src/relay/relay.ts'
import { tableSource } from '../../src/relay/table-source.ts'
import { memory } from '../../src/transport/memory.ts'
import { placed } from '../support/order-placed.ts'

const encode = (event: RawEvent) => toRecord(event, { source: '/test', topicOf: () => 'orders' })

let directory: string
let server: Embedded
let database: Database

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onewrite-drawn-again-'))
  // Nothing reaches the disk but by a commit.
  server = embedded({ directory, settings: { wal_writer_delay: '10s', bgwriter_delay: '10s' } })
  database = pgDatabase({ url: await server.start() })
  await migrate(database)
})

afterAll(async () => {
  await database.close()
  await server.stop()
  await rm(directory, { recursive: true, force: true })
})

const place = (...orders: readonly string[]) => database.transaction((tx) => append(tx, placed(...orders)))

/** Draws so many positions for nothing; that they were drawn is not on the disk yet. */
const rollBack = async (count: number): Promise<void> => {
  const undone = database.transaction(async (tx) => {
    await append(tx, placed(...Array<string>(count).fill('order-undone')))
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
}

/** Keeps the copy of the checkpoint in PostgreSQL waiting: its commit would put everything before it on the disk. */
const holdCopies = async (): Promise<void> => {
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('begin; lock table onewrite.checkpoints in exclusive mode')
}

it('positions that a crash made the database forget are drawn again, and their events are published', async () => {
  const { publishing, records } = memory()
  const keys = () => records('orders').map(({ key }) => key)
  const polling = { shortest: 60_000, longest: 60_000 }
  const source = tableSource({ database, encode, polling })
  const moving = relay({ name: 'orders', database, publishing, source, leaseTtl: 60_000 })
  await place('order-1')
  moving.start()
  await expect.poll(keys).toEqual(['order-1'])
  await holdCopies()
  await place('order-2')
  await rollBack(500)
  const forgotten = await lastPosition(database)
  moving.poke()
  await expect.poll(keys).toEqual(['order-1', 'order-2'])
  await server.kill()
  await server.start()
  const { position } = await place('order-3')
  expect(position).toBeLessThan(forgotten)
  moving.poke()
  await expect.poll(keys, { timeout: 20_000 }).toEqual(['order-1', 'order-2', 'order-3'])
  await moving.stop()
})
