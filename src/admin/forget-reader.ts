import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { dropSlot } from '../postgres/slot.ts'

export interface ForgetOptions {
  readonly kind: 'relay' | 'group'
  readonly name: string
  /** Only say what would be forgotten. */
  readonly dryRun?: boolean
}

export interface Forgotten {
  readonly kind: 'relay' | 'group'
  readonly name: string
  /** Where it was; undefined where it had no checkpoint. */
  readonly position: bigint | undefined
  /** Replication slot that goes with it; undefined where it has none. */
  readonly slot: string | undefined
  readonly dryRun: boolean
}

interface ReaderRow {
  readonly position: string | null
  readonly slot: string | null
  readonly owner: string | null
}

const readerSql = (schema: string): string => `
  select c.position::text as position, s.slot_name::text as slot,
    (select l.owner from ${schema}.leases l where l.name = k.name and l.expires_at > clock_timestamp()) as owner
  from (select $1 || '/' || $2 as name) k
  left join ${schema}.checkpoints c on c.name = k.name
  left join ${schema}.relays r on $1 = 'relay' and r.name = $2
  left join pg_replication_slots s on s.slot_name = r.slot and s.database = current_database()
  where c.name is not null or r.name is not null`

const knownSql = (schema: string): string => `
  select string_agg(name, ', ' order by name) as known from (
    select substr(c.name, length($1) + 2) as name from ${schema}.checkpoints c where c.name like $1 || '/%'
    union select r.name from ${schema}.relays r where $1 = 'relay') n`

/** Nobody can take the lease while this lock is held; without it a relay could start in the middle. */
const lockSql = (schema: string): string => `lock table ${schema}.leases in share row exclusive mode`

const forgetSql = (schema: string): readonly (readonly [sql: string, parameters: 1 | 2])[] => [
  [`delete from ${schema}.checkpoints where name = $1 || '/' || $2`, 2],
  [`delete from ${schema}.relays where name = $1`, 1],
]

const find = async (tx: Transaction, { kind, name }: ForgetOptions): Promise<ReaderRow> => {
  const schema = quoteIdentifier('schema', tx.schema)
  const [row] = (await tx.query<ReaderRow>(readerSql(schema), [kind, name])).rows
  if (row === undefined) {
    const { rows } = await tx.query<{ known: string | null }>(knownSql(schema), [kind])
    throw new OnewriteError('UNKNOWN_READER', { kind, name, known: rows[0]?.known ?? 'none' })
  }
  if (row.owner !== null) {
    throw new OnewriteError('READER_IN_USE', { name: `${kind} ${name}`, owner: row.owner })
  }
  return row
}

const forget = async (tx: Transaction, { kind, name }: ForgetOptions, slot: string | null): Promise<void> => {
  // First: it cannot be rolled back. Where what follows fails, the relay is still known and the slot is made anew.
  if (slot !== null) await dropSlot(tx, slot)
  for (const [sql, parameters] of forgetSql(quoteIdentifier('schema', tx.schema))) {
    if (parameters === 2) await tx.query(sql, [kind, name])
    else if (kind === 'relay') await tx.query(sql, [name])
  }
}

/**
 * Forgets a reader that is gone for good: its checkpoint, its registration and its replication slot, all of which hold
 * something back for it. Its lease stays, because fencing tokens must keep growing. Needs the owner of the log.
 *
 * @throws UNKNOWN_READER, READER_IN_USE, SLOT_IN_USE, PERMISSION_DENIED
 */
export const forgetReader = (database: Database, options: ForgetOptions): Promise<Forgotten> =>
  database.transaction(async (tx) => {
    const { kind, name, dryRun = false } = options
    if (!dryRun) await tx.query(lockSql(quoteIdentifier('schema', tx.schema)))
    const { position, slot } = await find(tx, options)
    if (!dryRun) await forget(tx, options, slot)
    return {
      kind,
      name,
      position: position === null ? undefined : BigInt(position),
      slot: slot ?? undefined,
      dryRun,
    }
  })
