import { expect, it } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { collect, connectReplication, createSlot, valuesOf } from './replication.ts'

const prepare = async (bufferBytes: number) => {
  const fresh = await freshDatabase()
  const { database } = fresh
  await database.query('create table things (id int primary key, body text)')
  await database.query('create publication everything for all tables')
  const name = new URL(fresh.url).pathname.slice(1)
  await database.query(`alter database ${name} set wal_sender_timeout = '1500ms'`)
  const slot = await createSlot(database)
  const connection = await connectReplication(database)
  const stream = await connection.stream({ slot, publications: ['everything'], bufferBytes })
  const age = async (): Promise<number> => {
    const { rows } = await database.query<{ age: number }>(
      `select extract(epoch from clock_timestamp() - backend_start)::float8 as age
      from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid where s.slot_name = $1`,
      [slot],
    )
    return rows[0]?.age ?? Number.NaN
  }
  return { database, connection, stream, age }
}

it('a reader that takes nothing for three timeouts is still connected and then gets everything', async () => {
  const { database, stream, connection, age } = await prepare(10_000)
  await database.query(`insert into things select i, repeat('x', 5000) from generate_series(1, 5000) i`)
  await expect.poll(age, { timeout: 15_000 }).toBeGreaterThan(5)
  expect(connection.closed).toBe(false)
  expect(valuesOf(await collect(stream, 1))).toHaveLength(5000)
}, 30_000)

it('a reader of a silent server is still connected after three timeouts', async () => {
  const { database, stream, connection, age } = await prepare(1024 * 1024)
  await expect.poll(age, { timeout: 15_000 }).toBeGreaterThan(5)
  expect(connection.closed).toBe(false)
  await database.query(`insert into things values (1, 'x')`)
  expect(valuesOf(await collect(stream, 1))).toEqual([['1', 'x']])
}, 30_000)
