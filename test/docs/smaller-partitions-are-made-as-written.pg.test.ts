import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { createPartitions } from '../../src/log/partitions.ts'
import { nameOf, partitionNames } from '../log/small-partitions.ts'
import { freshDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'

it('the statements of the page make a log of smaller partitions', async () => {
  const page = new URL('../../docs/how-to/keep-the-log-small.md', import.meta.url)
  const [, sql = ''] = /^```sql\n(.*?)^```/ms.exec(await readFile(page, 'utf8')) ?? []
  const { database } = await freshDatabase()
  await database.query(sql)
  expect(await createPartitions(database)).toEqual({
    created: [nameOf(200_001)],
    skipped: [],
    overflow: false,
  })
  await database.transaction((tx) => append(tx, placed('order-1')))
  const { rows } = await database.query(`select count(*)::int as events from onewrite.${nameOf(1)}`)
  expect(rows).toEqual([{ events: 1 }])
  expect(await partitionNames(database)).toEqual([
    nameOf(1),
    nameOf(100_001),
    nameOf(200_001),
    'events_overflow',
  ])
})
