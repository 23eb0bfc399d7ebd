import type { Taken } from './leases.ts'
import type { Line } from './line.ts'

// Never back, and only under the token of the lease, as `saveCheckpoint`; many at a time.
const saveSql = (schema: string): string => `
  update ${schema}.checkpoints c
  set position = greatest(c.position, m.position), fencing_token = m.token, updated_at = clock_timestamp()
  from unnest($1::text[], $2::bigint[], $3::bigint[]) as m(name, position, token)
  where c.name = m.name and c.fencing_token <= m.token
  returning c.name`

/** Saves how far partitions are, and gives the names of those that belong to somebody else by now. */
export const saveProgress = async (line: Line, progress: readonly Taken[]): Promise<readonly string[]> => {
  if (progress.length === 0) return []
  const rows = await line.read(saveSql(line.schema), [
    progress.map(({ name }) => name),
    progress.map(({ position }) => String(position)),
    progress.map(({ token }) => String(token)),
  ])
  const saved = new Set(rows.map(([name]) => name))
  return progress.map(({ name }) => name).filter((name) => !saved.has(name))
}
