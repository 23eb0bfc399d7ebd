import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase } from '../support/database.ts'
import { collect, connectReplication, createSlot, freshSlot, valuesOf } from './replication.ts'

it('REPLICATION passes by every grant, which is why the relay has a role of its own and docs/roles.md says so', async () => {
  const fresh = await freshDatabase()
  const role = `streams_${process.pid}_${freshSlot()}`
  await fresh.database.query('create table secrets (id int primary key, body text)')
  await fresh.database.query('create publication secrets for table secrets')
  await fresh.database.query(`create role ${role} login replication`)
  const url = new URL(fresh.url)
  url.username = role
  const database = pgDatabase({ url: url.href })
  const read = database.query('select * from secrets')
  await expect(read).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  const slot = await createSlot(database)
  const connection = await connectReplication(database)
  const stream = await connection.stream({ slot, publications: ['secrets'] })
  await fresh.database.query(`insert into secrets values (1, 'whoever may stream reads this')`)
  expect(valuesOf(await collect(stream, 1))).toEqual([['1', 'whoever may stream reads this']])
  await connection.close()
  await database.close()
  const roles = await readFile(new URL('../../docs/roles.md', import.meta.url), 'utf8')
  expect(roles).toMatch(/REPLICATION can stream every table/)
  expect(roles).toMatch(/pg_hba\.conf/)
})
