import { expect, it } from 'vitest'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { checkPublication, ensurePublication } from '../../src/postgres/publication.ts'
import { checkSlotOwner, dropSlot, readSlot } from '../../src/postgres/slot.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { connectReplication, createSlot, freshSlot } from './replication.ts'

/** The same database as a role of its own, gone with the database's connections. */
const asRole = async (fresh: TestDatabase, attributes: string) => {
  const role = `role_${process.pid}_${freshSlot()}`
  await fresh.database.query(`create role ${role} login ${attributes}`)
  const url = new URL(fresh.url)
  url.username = role
  return { role, database: pgDatabase({ url: url.href }) }
}

const prepare = async () => {
  const fresh = await freshDatabase()
  await fresh.database.query('create table things (id int primary key, body text)')
  return fresh
}

const things = { publication: 'everything', schema: 'public', table: 'things' }

it('a role without REPLICATION', async () => {
  const { database, role } = await asRole(await prepare(), '')
  const refused = database.replicationConnection({ applicationName: 'test' })
  await expect(refused).rejects.toMatchObject({ code: 'REPLICATION_DENIED' })
  await expect(refused).rejects.toThrow('ALTER ROLE')
  await database.close()
  expect(role).not.toBe('')
})

it('a slot that does not exist, exists already, or is read by somebody else', async () => {
  const { database } = await prepare()
  const connection = await connectReplication(database)
  const missing = { slot: freshSlot(), publications: ['everything'] }
  await expect(connection.stream(missing)).rejects.toMatchObject({ code: 'SLOT_MISSING' })
  const slot = await createSlot(database)
  await expect(connection.createSlot(slot)).rejects.toMatchObject({ code: 'SLOT_EXISTS' })
  await (await connectReplication(database)).stream({ slot, publications: ['everything'] })
  const second = await connectReplication(database)
  const taken = second.stream({ slot, publications: ['everything'] })
  await expect(taken).rejects.toMatchObject({ code: 'SLOT_IN_USE' })
  await expect(dropSlot(database, slot)).rejects.toMatchObject({ code: 'SLOT_IN_USE' })
})

it('a slot of another database, or of another plugin', async () => {
  const [one, other] = [await prepare(), await prepare()]
  const slot = await createSlot(one.database)
  const found = await readSlot(other.database, slot)
  if (found === undefined) throw new Error('slots of all databases are listed')
  await expect(checkSlotOwner(other.database, found)).rejects.toMatchObject({ code: 'SLOT_ELSEWHERE' })
  await expect(checkSlotOwner(one.database, found)).resolves.toBeUndefined()
  const connection = await connectReplication(other.database)
  const streamed = connection.stream({ slot, publications: ['everything'] })
  await expect(streamed).rejects.toMatchObject({ code: 'SLOT_ELSEWHERE' })
  const physical = freshSlot()
  await one.database.query('select pg_create_physical_replication_slot($1)', [physical])
  const strange = await readSlot(one.database, physical)
  if (strange === undefined) throw new Error('physical slots are listed')
  await expect(checkSlotOwner(one.database, strange)).rejects.toThrow('another program (plugin none)')
  await dropSlot(one.database, physical)
})

it('a dropped slot is dropped, also twice', async () => {
  const { database } = await prepare()
  const slot = await createSlot(database)
  await dropSlot(database, slot)
  await dropSlot(database, slot)
  expect(await readSlot(database, slot)).toBeUndefined()
})

it('a table that does not exist', async () => {
  const { database } = await prepare()
  const ensured = ensurePublication(database, { ...things, table: 'thingss' })
  await expect(ensured).rejects.toMatchObject({ code: 'TABLE_MISSING' })
})

it('a publication that this role may not create: the error has the SQL to run', async () => {
  const fresh = await prepare()
  const { database } = await asRole(fresh, 'replication')
  const ensured = ensurePublication(database, things)
  await expect(ensured).rejects.toMatchObject({ code: 'PUBLICATION_MISSING' })
  const fault: unknown = await ensured.catch((error: unknown) => error)
  const sql = /create publication .*\)/.exec(String(fault))?.[0] ?? ''
  await fresh.database.query(sql)
  await expect(ensurePublication(database, things)).resolves.toBeUndefined()
  await database.close()
})

it('many instances that create it at the same time', async () => {
  const { database } = await prepare()
  await Promise.all(Array.from({ length: 8 }, () => ensurePublication(database, things)))
  expect(await checkPublication(database, things)).toBe(true)
})

it.each([
  ['for table things with (publish = $$update$$)', 'it does not publish inserts'],
  ['for table others', 'it does not hold the table'],
  ['for table things (id)', 'it leaves out the columns body'],
  ['for table things where (id > 7)', 'it publishes only rows where (id > 7)'],
])('a publication that leaves something out: %s', async (definition, fault) => {
  const { database } = await prepare()
  await database.query('create table others (id int)')
  await database.query(`create publication everything ${definition.replaceAll('$$', "'")}`)
  const checked = checkPublication(database, things)
  await expect(checked).rejects.toMatchObject({ code: 'PUBLICATION_INCOMPLETE' })
  await expect(checked).rejects.toThrow(fault)
})

it('a publication of partitions under their own names', async () => {
  const { database } = await prepare()
  await database.query('create publication everything for table onewrite.events')
  const checked = checkPublication(database, { ...things, schema: 'onewrite', table: 'events' })
  await expect(checked).rejects.toThrow('under their own names')
})

it('a publication that vanishes while it is streamed ends the stream or is noticed at the next start', async () => {
  const { database } = await prepare()
  await ensurePublication(database, things)
  await database.query('drop publication everything')
  expect(await checkPublication(database, things)).toBe(false)
})
