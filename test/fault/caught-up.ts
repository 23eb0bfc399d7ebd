import { expect } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import type { RelayChild } from './relay-child.ts'

const endSql = 'select coalesce(max(position), 0)::text as position from onewrite.events'

const checkpointSql = 'select position >= $1::bigint as done from onewrite.checkpoints where name = $2'

/** Resolves once the log up to its present end was published; the copy of the checkpoint in PostgreSQL says when. */
export const caughtUp = async (
  database: Database,
  child: RelayChild,
  relay: string,
  timeout = 120_000,
): Promise<void> => {
  const end = (await database.query<{ position: string }>(endSql)).rows[0]?.position
  const done = async (): Promise<boolean> => {
    const { rows } = await database.query<{ done: boolean }>(checkpointSql, [end, `relay/${relay}`])
    return rows[0]?.done ?? false
  }
  await expect
    .poll(done, {
      timeout,
      interval: 50,
      message: `${relay} did not reach position ${end}: ${child.output()}`,
    })
    .toBe(true)
}
