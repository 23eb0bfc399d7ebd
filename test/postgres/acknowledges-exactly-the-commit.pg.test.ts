import pg from 'pg'
import { expect, it } from 'vitest'
import { readSlot } from '../../src/postgres/slot.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { collect, connectReplication, createSlot, isOf, valuesOf } from './replication.ts'

const openTransaction = async ({ url }: TestDatabase, id: number) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`begin; insert into things values (${id})`)
  return {
    commit: () => client.query('commit'),
    end: () => client.end(),
  }
}

/** Two commits whose records touch, unless somebody else writes between them. */
const commitBackToBack = async (fresh: TestDatabase, id = 1) => {
  const first = await openTransaction(fresh, id)
  const second = await openTransaction(fresh, id + 1)
  await Promise.all([first.commit(), second.commit()])
  await Promise.all([first.end(), second.end()])
}

const pairs = 20

const prepare = async () => {
  const fresh = await freshDatabase()
  const { database } = fresh
  await database.query('create table things (id int primary key)')
  await database.query('create publication everything for all tables')
  const slot = await createSlot(database)
  const connect = async () => {
    const connection = await connectReplication(database)
    return { connection, stream: await connection.stream({ slot, publications: ['everything'] }) }
  }
  return { fresh, database, slot, connect }
}

it('a commit that follows immediately on the acknowledged one is sent again after a restart', async () => {
  const { fresh, database, slot, connect } = await prepare()
  for (let pair = 0; pair < pairs; pair += 1) await commitBackToBack(fresh, 2 * pair)
  const before = await connect()
  const changes = await collect(before.stream, 2 * pairs)
  const commits = changes.filter(isOf('commit'))
  // Only where the records touch, one too many would be noticed.
  const place = commits.findIndex(({ end }, index) => commits[index + 1]?.lsn === end)
  const touched = commits[place]
  if (touched === undefined) throw new Error('no two commits touch')
  before.stream.acknowledge(touched.end)
  await before.connection.close()
  await expect.poll(async () => (await readSlot(database, slot))?.active).toBe(false)
  expect((await readSlot(database, slot))?.confirmed).toBe(touched.end)
  const after = await connect()
  const left = commits.length - place - 1
  expect(valuesOf(await collect(after.stream, left))).toEqual(valuesOf(changes).slice(place + 1))
})

it('what was not acknowledged is sent again', async () => {
  const { fresh, connect } = await prepare()
  await commitBackToBack(fresh)
  const before = await connect()
  const changes = await collect(before.stream, 2)
  await before.connection.close()
  const after = await connect()
  expect(valuesOf(await collect(after.stream, 2))).toEqual(valuesOf(changes))
})

it('an acknowledgement reaches PostgreSQL while the stream goes on, and a lower one changes nothing', async () => {
  const { fresh, database, slot, connect } = await prepare()
  await commitBackToBack(fresh)
  const { stream } = await connect()
  const [first, second] = (await collect(stream, 2)).filter(isOf('commit'))
  if (first === undefined || second === undefined) throw new Error('two commits were expected')
  stream.acknowledge(second.end)
  stream.acknowledge(first.end)
  await expect.poll(async () => (await readSlot(database, slot))?.confirmed).toBe(second.end)
})
