import type { Database } from '../../src/postgres/database.ts'

export const partitionNames = async (database: Database): Promise<readonly string[]> => {
  const { rows } = await database.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits
     where inhparent = 'onewrite.events'::regclass order by 1`,
  )
  return rows.map(({ name }) => name.replace('onewrite.', ''))
}

export const nameOf = (firstPosition: number): string => `events_${String(firstPosition).padStart(19, '0')}`

/** Makes the log of a new database one without partitions, for ranges of 1,000 positions. */
export const useSmallPartitions = async (database: Database): Promise<void> => {
  for (const name of await partitionNames(database)) {
    if (name !== 'events_overflow') await database.query(`drop table onewrite.${name}`)
  }
  await database.query('update onewrite.settings set partition_size = 1000')
}

/** The next event takes this position, from 2. */
export const goTo = async (database: Database, position: number): Promise<void> => {
  await database.query("select setval('onewrite.events_position', $1)", [position - 1])
}
