import { OnewriteError } from '../../error/onewrite-error.ts'
import { partitionFor } from '../../message/partition.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { Database, Transaction } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'

/** Into how many partitions a group divides the log when it first starts. */
export const defaultPartitions = 16

/** Name of the group's checkpoint and lease, before it was divided. */
export const groupName = (group: string): string => `group/${group}`

/** Name of a partition's checkpoint and lease. */
export const partitionName = (group: string, partition: number): string => `${groupName(group)}/${partition}`

/** The virtual partition of an event: all events of an aggregate lie in one. Never changes, like the hash itself. */
export const partitionOf = (
  { aggregate, aggregateId }: Pick<RawEvent, 'aggregate' | 'aggregateId'>,
  partitions: number,
): number => partitionFor(`${aggregate}/${aggregateId}`, partitions)

/** What a checkpoint of a partition has as its state, which tells it from that of a whole group. */
const stateOf = (partitions: number): string => `of ${partitions}`

/** Rows of partitions among the checkpoints `c`. */
export const isPartitionSql = `(c.name like 'group/%' and c.state ~ '^of [0-9]+$')`

/** Rows of groups that were divided since, among the checkpoints `c`: nobody reads for them any more. */
export const isDividedSql = (schema: string): string => `(c.name like 'group/%' and exists (
  select from ${schema}.checkpoints p where p.name = c.name || '/0' and p.state ~ '^of [0-9]+$'))`

/** The name of the reader that a checkpoint `c` belongs to: the group, where it is one of its partitions. */
export const readerNameSql = `(case when ${isPartitionSql} then regexp_replace(c.name, '/[0-9]+$', '')
  else c.name end)`

const dividedSql = (schema: string): string =>
  `select substr(state, 4)::int as partitions from ${schema}.checkpoints where name = $1 and state ~ '^of [0-9]+$'`

const aloneSql = 'select pg_advisory_xact_lock(hashtextextended($1, 0))'

/**
 * An instance of a version that read the whole log for the group stands by for this lease from now on, for ever. While
 * one holds it, nothing is divided.
 */
const blockSql = (schema: string): string => `
  insert into ${schema}.leases as held (name, owner, token, expires_at) values ($1, $2, 1, 'infinity')
  on conflict on constraint leases_pkey do update set owner = $2, token = held.token + 1, expires_at = 'infinity'
  where held.owner = $2 or held.expires_at <= clock_timestamp()
  returning token`

/** The owner of the lease of a divided group. */
export const dividedOwner = '(divided)'

/** With the highest token, so that a former owner that was stopped meanwhile cannot move it. */
const endSql = (schema: string): string => `
  update ${schema}.checkpoints set fencing_token = 9223372036854775807 where name = $1 returning position::text`

const divideSql = (schema: string): string => `
  insert into ${schema}.checkpoints (name, position, fencing_token, state)
  select $1 || '/' || n, $2, 0, $3 from generate_series(0, $4::int - 1) n`

const leasesSql = (schema: string): string => `
  insert into ${schema}.leases (name, owner, token, expires_at)
  select $1 || '/' || n, '', 0, '-infinity' from generate_series(0, $2::int - 1) n
  on conflict on constraint leases_pkey do nothing`

export interface Dividing {
  readonly group: string
  /** As the application asked for; default: as it is, or 16. */
  readonly partitions: number | undefined
  /** Where a group without progress begins; default: at the first event. */
  readonly now: (() => Promise<bigint>) | undefined
}

const mostPartitions = 1024

/** What is wrong with a group and its partitions; all of it. */
export const groupFaults = (group: string, partitions: number | undefined): readonly string[] => [
  ...(group === '' ? ['the name of a group must not be empty'] : []),
  ...(/\/[0-9]+$/.test(group)
    ? [`the group ${group} has the name of a partition; let it not end in a number`]
    : []),
  ...(partitions === undefined ||
  (Number.isSafeInteger(partitions) && partitions >= 1 && partitions <= mostPartitions)
    ? []
    : [`partitions: ${partitions} is not a whole number from 1 to ${mostPartitions}`]),
]

const readDivision = async (database: Database | Transaction, group: string): Promise<number | undefined> => {
  const sql = dividedSql(quoteIdentifier('schema', database.schema))
  const { rows } = await database.query<{ partitions: number }>(sql, [partitionName(group, 0)])
  return rows[0]?.partitions
}

const divide = async (
  tx: Transaction,
  { group, partitions = defaultPartitions }: Dividing,
  begin: bigint,
): Promise<number | undefined> => {
  const schema = quoteIdentifier('schema', tx.schema)
  const name = groupName(group)
  await tx.query(aloneSql, [`${schema}.${name}`])
  const known = await readDivision(tx, group)
  if (known !== undefined) return known
  if ((await tx.query(blockSql(schema), [name, dividedOwner])).rowCount === 0) return undefined
  const [before] = (await tx.query<{ position: string }>(endSql(schema), [name])).rows
  await tx.query(divideSql(schema), [name, before?.position ?? begin, stateOf(partitions), partitions])
  await tx.query(leasesSql(schema), [name, partitions])
  return partitions
}

/**
 * Into how many partitions the group has divided the log: once, at its first start, because the progress of each is its
 * own. A group that was one reader before goes on where that was; undefined as long as one still reads.
 *
 * @throws INVALID_CONFIG where another number was asked for
 */
export const division = async (database: Database, dividing: Dividing): Promise<number | undefined> => {
  const { group, partitions: wanted, now } = dividing
  let found = await readDivision(database, group)
  if (found === undefined) {
    const begin = (await now?.()) ?? 0n
    found = await database.transaction((tx) => divide(tx, dividing, begin))
  }
  if (wanted === undefined || found === undefined || found === wanted) return found
  throw new OnewriteError('INVALID_CONFIG', {
    faults:
      `partitions: ${wanted}, but the group ${group} divided the log into ${found} when it first started; ` +
      `leave it at ${found}, or forget the group when it has read everything (onewrite group forget ${group})`,
  })
}
