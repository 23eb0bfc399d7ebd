import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Transaction } from './database.ts'
import { quoteIdentifier } from './identifier.ts'

export interface Checkpoint {
  /** Position up to which everything is dealt with. */
  readonly position: bigint
  /** Token of the lease under which it was last taken or saved. */
  readonly token: bigint
}

interface CheckpointRow {
  readonly position: string
  readonly fencing_token: string
}

const table = (schema: string): string => `${quoteIdentifier('schema', schema)}.checkpoints`

// `greatest`: a save that arrives late, or is repeated after a lost reply, never moves a checkpoint back.
const saveSql = (schema: string): string => `
  insert into ${table(schema)} as saved (name, position, fencing_token) values ($1, $2, $3)
  on conflict on constraint checkpoints_pkey do update
  set position = greatest(saved.position, excluded.position),
      fencing_token = excluded.fencing_token,
      updated_at = clock_timestamp()
  where saved.fencing_token <= excluded.fencing_token
  returning position, fencing_token`

const readSql = (schema: string): string =>
  `select position, fencing_token from ${table(schema)} where name = $1`

const save = async (
  database: Database | Transaction,
  name: string,
  position: bigint,
  token: bigint,
): Promise<bigint> => {
  const values = [name, position, token]
  const [row] = (await database.query<CheckpointRow>(saveSql(database.schema), values)).rows
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
): Promise<bigint> => save(database, name, 0n, token)

/**
 * Moves a checkpoint forward, never back, and returns where it stands. In the transaction of the effects it covers,
 * both happen or neither.
 *
 * @throws FENCED when a later owner has it
 */
export const saveCheckpoint = (
  database: Database | Transaction,
  checkpoint: Checkpoint & { readonly name: string },
): Promise<bigint> => save(database, checkpoint.name, checkpoint.position, checkpoint.token)

/** The checkpoint as it stands; `undefined` where none was saved. */
export const readCheckpoint = async (
  database: Database | Transaction,
  name: string,
): Promise<Checkpoint | undefined> => {
  const [row] = (await database.query<CheckpointRow>(readSql(database.schema), [name])).rows
  return row && { position: BigInt(row.position), token: BigInt(row.fencing_token) }
}
