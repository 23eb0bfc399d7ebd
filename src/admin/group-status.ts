import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { type Lag, lagBehind } from './lag.ts'

/** A group of subscribers that read the log itself. */
export interface GroupStatus {
  readonly name: string
  /** Whether an instance reads for it now. */
  readonly reading: boolean
  readonly owner: string | undefined
  readonly position: bigint
  readonly lag: Lag
}

interface GroupRow {
  readonly name: string
  readonly position: string
  readonly owner: string | null
  readonly held: boolean | null
}

const groupsSql = (schema: string): string => `
  select substr(c.name, length('group/') + 1) as name, c.position::text as position, l.owner,
    l.expires_at > clock_timestamp() as held
  from ${schema}.checkpoints c left join ${schema}.leases l on l.name = c.name
  where c.name like 'group/%' order by c.name`

/** @param end last position drawn */
export const groupStatus = async (database: Database, end: bigint): Promise<readonly GroupStatus[]> => {
  const { rows } = await database.query<GroupRow>(groupsSql(quoteIdentifier('schema', database.schema)))
  const groups: GroupStatus[] = []
  for (const { name, position, owner, held } of rows) {
    const at = BigInt(position)
    const lag = await lagBehind(database, at, end)
    groups.push({ name, reading: held === true, owner: owner || undefined, position: at, lag })
  }
  return groups
}
