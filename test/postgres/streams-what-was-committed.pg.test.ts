import { expect, it } from 'vitest'
import { unchangedToast } from '../../src/postgres/replication.ts'
import { freshDatabase } from '../support/database.ts'
import { collect, connectReplication, createSlot, isOf, valuesOf } from './replication.ts'

const prepare = async (table: string) => {
  const { database } = await freshDatabase()
  await database.query(table)
  await database.query('create publication everything for all tables')
  const slot = await createSlot(database)
  const connection = await connectReplication(database)
  const stream = await connection.stream({ slot, publications: ['everything'], messages: true })
  return { database, slot, connection, stream }
}

it('delivers rows as the text PostgreSQL prints, between begin and commit', async () => {
  const { database, stream } = await prepare(
    'create table things (id int primary key, name varchar(20), amount numeric, at timestamptz, raw bytea, note text)',
  )
  await database.query(
    `insert into things values (1, 'ü€😀', 0.10, '2026-11-21 10:00:00.5+02', '\\x00ff', null),
    (2, '', 9007199254740993, 'infinity', '', 'x')`,
  )
  const changes = await collect(stream, 1)
  expect(changes.map(({ kind }) => kind)).toEqual(['begin', 'insert', 'insert', 'commit'])
  expect(valuesOf(changes)).toEqual([
    ['1', 'ü€😀', '0.10', '2026-11-21 08:00:00.5+00', '\\x00ff', null],
    ['2', '', '9007199254740993', 'infinity', '\\x', 'x'],
  ])
  const [begin, insert, , commit] = changes
  if (begin?.kind !== 'begin' || insert?.kind !== 'insert' || commit?.kind !== 'commit') throw new Error()
  expect(insert.relation).toMatchObject({ schema: 'public', table: 'things', identity: 'default' })
  expect(insert.relation.columns.slice(0, 2)).toEqual([
    { name: 'id', key: true, type: 23, modifier: -1 },
    { name: 'name', key: false, type: 1043, modifier: 24 },
  ])
  expect(commit.lsn).toBe(begin.lsn)
  expect(commit.end).toBeGreaterThan(commit.lsn)
  expect(commit.committedAt).toBe(begin.committedAt)
  expect(Math.abs(Number(commit.committedAt / 1000n) - Date.now())).toBeLessThan(60_000)
})

it('delivers updates, deletes, truncates and logical messages', async () => {
  const { database, stream } = await prepare('create table things (id int primary key, body text, n int)')
  await database.query('alter table things alter body set storage external')
  await database.query(`insert into things values (1, repeat('a', 20000), 1)`)
  await database.query('update things set n = 2')
  await database.query('alter table things replica identity full')
  await database.query('update things set n = 3')
  await database.query('delete from things')
  await database.query('truncate things')
  await database.query(`select pg_logical_emit_message(true, 'outbox', '\\x00ff'::bytea)`)
  const changes = await collect(stream, 6)
  const updates = changes.filter((change) => change.kind === 'update')
  expect(updates[0]).toMatchObject({ values: ['1', unchangedToast, '2'], old: undefined })
  expect(updates[1]?.old?.[2]).toBe('2')
  expect(changes.find(isOf('delete'))).toMatchObject({ old: ['1', 'a'.repeat(20_000), '3'] })
  expect(changes.find(isOf('truncate'))).toMatchObject({ relations: [{ table: 'things' }] })
  expect(changes.find(isOf('message'))).toMatchObject({
    transactional: true,
    prefix: 'outbox',
    content: Buffer.from([0, 255]),
  })
})

it('describes a table anew after it was changed', async () => {
  const { database, stream } = await prepare('create table things (id int primary key)')
  await database.query('insert into things values (1)')
  await database.query('alter table things add column colour text')
  await database.query(`insert into things values (2, 'red')`)
  const inserts = (await collect(stream, 2)).filter((change) => change.kind === 'insert')
  expect(inserts.map(({ relation }) => relation.columns.map(({ name }) => name))).toEqual([
    ['id'],
    ['id', 'colour'],
  ])
})

it('delivers nothing of a transaction that was rolled back', async () => {
  const { database, stream } = await prepare('create table things (id int primary key)')
  const undone = database.transaction(async (tx) => {
    await tx.query('insert into things values (1)')
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  await database.query('insert into things values (2)')
  expect(valuesOf(await collect(stream, 1))).toEqual([['2']])
})

it('delivers in the order of the commits', async () => {
  const { database, stream } = await prepare('create table things (id int primary key)')
  await database.transaction(async (early) => {
    await early.query('insert into things values (1)')
    await database.query('insert into things values (2)')
  })
  expect(valuesOf(await collect(stream, 2))).toEqual([['2'], ['1']])
})
