import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Transaction } from './database.ts'
import { quoteIdentifier } from './identifier.ts'

export interface Checkpoint {
  /** Position up to which everything is dealt with. */
  readonly position: bigint
  /** Token of the lease under which it was last taken or saved. */
  readonly token: bigint
  /** What the reader needs beside the position to go on, in its own words. */
  readonly state?: string
}

interface CheckpointRow {
  readonly position: string
  readonly fencing_token: string
  readonly state: string | null
}

const table = (schema: string): string => `${quoteIdentifier('schema', schema)}.checkpoints`

// `greatest`: a save that arrives late, or is repeated after a lost reply, never moves a checkpoint back.
const saveSql = (schema: string): string => `
  insert into ${table(schema)} as saved (name, position, fencing_token, state) values ($1, $2, $3, $4)
  on conflict on constraint checkpoints_pkey do update
  set position = greatest(saved.position, excluded.position),
      state = case when excluded.position < saved.position then saved.state
        else coalesce(excluded.state, saved.state) end,
      fencing_token = excluded.fencing_token,
      updated_at = clock_timestamp()
  where saved.fencing_token <= excluded.fencing_token
  returning position, fencing_token`

const resetSql = (schema: string): string => `
  insert into ${table(schema)} as saved (name, position, fencing_token, state) values ($1, $2, $3, $4)
  on conflict on constraint checkpoints_pkey do update
  set position = excluded.position, state = excluded.state, fencing_token = excluded.fencing_token,
      updated_at = clock_timestamp()
  where saved.fencing_token <= excluded.fencing_token
  returning position, fencing_token`

const readSql = (schema: string): string =>
  `select position, fencing_token, state from ${table(schema)} where name = $1`

type Named = Checkpoint & { readonly name: string }

const write = async (database: Database | Transaction, sql: string, checkpoint: Named): Promise<bigint> => {
  const { name, position, token, state = null } = checkpoint
  const [row] = (await database.query<CheckpointRow>(sql, [name, position, token, state])).rows
  if (row === undefined) throw new OnewriteError('FENCED', { name })
  return BigInt(row.position)
}

/**
 * Makes a checkpoint this owner's and returns its position, 0 for a new one. A new owner does this before anything
 * else: from here on its predecessor cannot save, so nothing that was read becomes outdated.
 *
 * @throws FENCED when a later owner has it
 */
export const takeCheckpoint = (
  database: Database | Transaction,
  { name, token }: { readonly name: string; readonly token: bigint },
): Promise<bigint> => write(database, saveSql(database.schema), { name, position: 0n, token })

/**
 * Moves a checkpoint forward, never back, and returns where it stands. In the transaction of the effects it covers,
 * both happen or neither.
 *
 * @throws FENCED when a later owner has it
 */
export const saveCheckpoint = (database: Database | Transaction, checkpoint: Named): Promise<bigint> =>
  write(database, saveSql(database.schema), checkpoint)

/**
 * Puts a checkpoint where the truth is kept elsewhere, also back: a copy that is ahead of it would let retention drop
 * what was not read.
 *
 * @throws FENCED when a later owner has it
 */
export const resetCheckpoint = (database: Database | Transaction, checkpoint: Named): Promise<bigint> =>
  write(database, resetSql(database.schema), checkpoint)

/** The checkpoint as it stands; `undefined` where none was saved. */
export const readCheckpoint = async (
  database: Database | Transaction,
  name: string,
): Promise<Checkpoint | undefined> => {
  const [row] = (await database.query<CheckpointRow>(readSql(database.schema), [name])).rows
  return (
    row && {
      position: BigInt(row.position),
      token: BigInt(row.fencing_token),
      ...(row.state === null ? {} : { state: row.state }),
    }
  )
}
