import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { dumpSchema } from '../../stack/src/schema-dump.ts'
import { freshDatabase } from '../support/database.ts'

it('equals sql/schema.sql (npm run db:dump writes it)', async () => {
  const { database } = await freshDatabase()
  const committed = await readFile(new URL('../../sql/schema.sql', import.meta.url), 'utf8')
  expect(await dumpSchema(database)).toBe(committed)
})

it('sees a change of a column, a constraint, an index, a function and a trigger', async () => {
  const { database } = await freshDatabase()
  let last = await dumpSchema(database)
  const changes = [
    "alter table onewrite.leases alter column owner set default 'x'",
    'alter table onewrite.leases add check (token > 0)',
    'create index on onewrite.leases (owner)',
    "create function onewrite.f() returns trigger language plpgsql as 'begin return null; end'",
    'create trigger t after insert on onewrite.leases for each row execute function onewrite.f()',
    'create sequence onewrite.s',
  ]
  for (const change of changes) {
    await database.query(change)
    const next = await dumpSchema(database)
    expect(next, change).not.toBe(last)
    last = next
  }
})
