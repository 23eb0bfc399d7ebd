import { beforeAll, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { createPartitions } from '../../src/log/partitions.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'
import { readRaw } from '../support/read-raw.ts'
import { goTo, nameOf, useSmallPartitions } from './small-partitions.ts'

let database: Database
let before: readonly RawEvent[]

const write = (count: number) =>
  database.transaction((tx) => append(tx, placed(...Array<string>(count).fill('order-1'))))

beforeAll(async () => {
  database = (await freshDatabase()).database
  await useSmallPartitions(database)
  await write(2)
  await createPartitions(database, 1)
  await goTo(database, 1001)
  await write(2)
  before = await readRaw(database)
  expect(before.map(({ position }) => position)).toEqual(['1', '2', '1001', '1002'])
})

const serverVersion = async (): Promise<number> => {
  const { rows } = await database.query<{ version: string }>(
    "select current_setting('server_version_num') as version",
  )
  return Number(rows[0]?.version)
}

const refused = (operation: string) => ({ code: 'OW002', detail: operation })

/** The parent, a partition of its own and the overflow: two events in each of the last two. */
const tables = ['events', nameOf(1001), 'events_overflow']

describe.each(tables)('%s, by its owner', (table) => {
  const statements: readonly [operation: string, sql: string][] = [
    ['UPDATE', `update onewrite.${table} set payload = '{}'`],
    ['UPDATE', `update onewrite.${table} set payload = '{}' where false`],
    ['DELETE', `delete from onewrite.${table}`],
    ['DELETE', `delete from onewrite.${table} where position = -1`],
    ['TRUNCATE', `truncate onewrite.${table}`],
    ['TRUNCATE', `truncate onewrite.${table} cascade`],
    [
      'DELETE',
      `merge into onewrite.${table} e using (values (1)) v(one) on e.position > 0 when matched then delete`,
    ],
    [
      'UPDATE',
      `merge into onewrite.${table} e using (values (1)) v(one) on e.position > 0
       when matched then update set sequence = 9`,
    ],
    [
      'UPDATE',
      `insert into onewrite.${table} select * from onewrite.${table}
       on conflict (position) do update set sequence = 9`,
    ],
    [
      'UPDATE',
      `with changed as (update onewrite.${table} set sequence = 9 returning 1) select * from changed`,
    ],
  ]
  it.each(statements)('refuses %s: %s', async (operation, sql) => {
    // Before PostgreSQL 15 MERGE is a syntax error.
    const known = !sql.startsWith('merge') || (await serverVersion()) >= 150_000
    await expect(database.query(sql)).rejects.toMatchObject(known ? refused(operation) : {})
    expect(await readRaw(database)).toEqual(before)
  })
})

describe('streams, by its owner', () => {
  it.each([
    ['DELETE', 'delete from onewrite.streams'],
    ['DELETE', "delete from onewrite.streams where aggregate_id = 'nobody'"],
    ['TRUNCATE', 'truncate onewrite.streams'],
  ])('refuses %s: %s', async (operation, sql) => {
    await expect(database.query(sql)).rejects.toMatchObject(refused(operation))
    const { rows } = await database.query('select version from onewrite.streams')
    expect(rows).toEqual([{ version: '4' }])
  })
})

describe('a refusal', () => {
  it('leaves the transaction good for nothing but a rollback', async () => {
    const swallowed = database.transaction(async (tx) => {
      await append(tx, placed('order-2'))
      await tx.query('delete from onewrite.events').catch(() => undefined)
    })
    await expect(swallowed).rejects.toMatchObject({ code: 'COMMIT_REFUSED' })
    expect(await readRaw(database)).toEqual(before)
  })

  it('names the table', async () => {
    const refusal = database.query(`truncate onewrite.${nameOf(1001)}`)
    await expect(refusal).rejects.toThrow(`TRUNCATE on onewrite.${nameOf(1001)} was refused`)
  })
})

describe('an INSERT into a partition itself', () => {
  it('is refused without a position: none is drawn past the lock of the log', async () => {
    const insert = database.query(
      `insert into onewrite.${nameOf(1001)} (id, aggregate_type, aggregate_id, sequence, event_type, event_version,
         payload, metadata, occurred_at, tx_id, ordinal, count)
       select gen_random_uuid(), 'order', 'order-1', 9, 'order.placed', 1, '{}', '{}', now(),
         pg_current_xact_id(), 0, 1`,
    )
    await expect(insert).rejects.toMatchObject({ code: '23502', column: 'position' })
    expect(await readRaw(database)).toEqual(before)
  })
})
