import { dividedOwner, isDividedSql, readerNameSql } from '../log/subscriber/division.ts'
import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { type Lag, lagBehind } from './lag.ts'

/** A group of subscribers that read the log itself. */
export interface GroupStatus {
  readonly name: string
  /** Whether an instance reads for it now. */
  readonly reading: boolean
  /** The instances that read, joined by commas. */
  readonly owner: string | undefined
  /** Into how many it has divided the log. */
  readonly partitions: number
  /** Of the partition that is behind the others. */
  readonly position: bigint
  readonly lag: Lag
}

interface GroupRow {
  readonly name: string
  readonly partitions: number
  readonly position: string
  readonly owners: string | null
}

const groupsSql = (schema: string): string => `
  select substr(${readerNameSql}, length('group/') + 1) as name, count(*)::int as partitions,
    min(c.position)::text as position,
    string_agg(distinct l.owner, ', ' order by l.owner) filter (where l.expires_at > clock_timestamp()) as owners
  from ${schema}.checkpoints c left join ${schema}.leases l on l.name = c.name and l.owner <> '${dividedOwner}'
  where c.name like 'group/%' and not ${isDividedSql(schema)}
  group by 1 order by 1`

/** @param end last position drawn */
export const groupStatus = async (database: Database, end: bigint): Promise<readonly GroupStatus[]> => {
  const { rows } = await database.query<GroupRow>(groupsSql(quoteIdentifier('schema', database.schema)))
  const groups: GroupStatus[] = []
  for (const { name, partitions, position, owners } of rows) {
    const at = BigInt(position)
    const lag = await lagBehind(database, at, end)
    const owner = owners ?? undefined
    groups.push({ name, reading: owner !== undefined, owner, partitions, position: at, lag })
  }
  return groups
}
