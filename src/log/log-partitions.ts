import type { Queryable } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'

/** A partition of the log. */
export interface LogPartition {
  readonly name: string
  /** First position that belongs into it. */
  readonly from: bigint
  /** Last position that belongs into it. */
  readonly to: bigint
  /** On the disk, with indexes. */
  readonly bytes: bigint
}

interface PartitionRow {
  readonly name: string
  readonly bound: string
  readonly bytes: string
}

const partitionsSql = `
  select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound,
    coalesce(pg_total_relation_size(c.oid), 0)::text as bytes
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = $1::regclass`

/** `FOR VALUES FROM ('1') TO ('10000001')`; the upper bound is not part of the range. `DEFAULT` has none. */
const bounds = /^FOR VALUES FROM \('(\d+)'\) TO \('(\d+)'\)$/

const toPartition = ({ name, bound, bytes }: PartitionRow): readonly LogPartition[] => {
  const [, from, end] = bounds.exec(bound) ?? []
  if (from === undefined || end === undefined) return []
  return [{ name, from: BigInt(from), to: BigInt(end) - 1n, bytes: BigInt(bytes) }]
}

const byPosition = (a: LogPartition, b: LogPartition): number => (a.from < b.from ? -1 : 1)

/** The partitions of the log in order, without the one for events that found none. */
export const logPartitions = async (
  queryable: Queryable,
  schema: string,
): Promise<readonly LogPartition[]> => {
  const parent = `${quoteIdentifier('schema', schema)}.events`
  const { rows } = await queryable.query<PartitionRow>(partitionsSql, [parent])
  return rows.flatMap(toPartition).sort(byPosition)
}
