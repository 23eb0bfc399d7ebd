import type { Database } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'
import { formatLsn } from '../../postgres/lsn.ts'
import type { Refill } from './checkpoint.ts'

export interface Loss {
  readonly relay: string
  readonly reason: string
  /** Everything up to here had left. */
  readonly from: bigint
  /** The last position drawn when the loss was found. */
  readonly to: bigint
  /** The place that was lost. */
  readonly lsn: bigint
}

const table = (schema: string): string => `${quoteIdentifier('schema', schema)}.refills`

const findSql = (schema: string): string => `
  select id::text, from_position::text, to_position::text from ${table(schema)}
  where relay = $1 and from_lsn = $2::pg_lsn and finished_at is null
  order by id desc limit 1`

const beginSql = (schema: string): string => `
  insert into ${table(schema)} (relay, reason, from_position, to_position, from_lsn)
  values ($1, $2, $3, $4, $5::pg_lsn)`

const finishSql = (schema: string): string => `
  update ${table(schema)} set finished_at = clock_timestamp(), to_lsn = $2::pg_lsn, events = $3
  where id = $1 and finished_at is null`

interface RefillRow {
  readonly id: string
  readonly from_position: string
  readonly to_position: string
}

/** The refill that was begun for the loss of this place; undefined where the loss is new. */
export const findRefill = async (
  database: Database,
  relay: string,
  lsn: bigint,
): Promise<Refill | undefined> => {
  const { rows } = await database.query<RefillRow>(findSql(database.schema), [relay, formatLsn(lsn)])
  const [row] = rows
  if (row === undefined) return undefined
  return { id: row.id, from: BigInt(row.from_position), to: BigInt(row.to_position), events: 0 }
}

/** Writes down a loss before anything is done about it. */
export const beginRefill = async (database: Database, loss: Loss): Promise<void> => {
  const { relay, reason, from, to, lsn } = loss
  await database.query(beginSql(database.schema), [relay, reason, from, to, formatLsn(lsn)])
}

/** @param lsn from here on the write-ahead log is read again */
export const finishRefill = async (
  database: Database,
  { id, events }: Refill,
  lsn: bigint,
): Promise<void> => {
  await database.query(finishSql(database.schema), [id, formatLsn(lsn), events])
}
