import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { dumpSchema } from './schema-dump.ts'

const directory = await mkdtemp(join(tmpdir(), 'onewrite-dump-'))
const server = embedded({ directory, settings: { fsync: 'off' } })
try {
  const database = pgDatabase({ url: await server.start() })
  await migrate(database)
  await writeFile(new URL('../../sql/schema.sql', import.meta.url), await dumpSchema(database))
  await database.close()
  console.log('wrote sql/schema.sql')
} finally {
  await server.stop()
  await rm(directory, { recursive: true, force: true })
}
