import { expect, it } from 'vitest'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase } from '../support/database.ts'
import { startPgBouncer } from './pgbouncer.ts'

it('a pooler that does not pass replication on is named as what it is', async () => {
  const { url } = await freshDatabase()
  const pooler = await startPgBouncer(url)
  const database = pgDatabase({ url: pooler.url })
  const refused = database.replicationConnection({ applicationName: 'test' })
  await expect(refused).rejects.toMatchObject({ code: 'REPLICATION_THROUGH_POOLER' })
  await database.close()
  await pooler.stop()
})
