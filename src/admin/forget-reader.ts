import { OnewriteError } from '../error/onewrite-error.ts'
import { dividedOwner, isPartitionSql, readerNameSql } from '../log/subscriber/division.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { dropSlot } from '../postgres/slot.ts'

export interface ForgetOptions {
  readonly kind: 'relay' | 'group'
  readonly name: string
  /** Only say what would be forgotten. */
  readonly dryRun?: boolean
}

/** A group, a relay, or one shard of a relay. */
export interface ForgottenReader {
  /** `relay/orders` */
  readonly name: string
  /** Where it was; undefined where it had no checkpoint. */
  readonly position: bigint | undefined
  /** Replication slot that goes with it; undefined where there is none. */
  readonly slot: string | undefined
}

export interface Forgotten {
  readonly kind: 'relay' | 'group'
  readonly name: string
  readonly readers: readonly ForgottenReader[]
  readonly dryRun: boolean
}

interface ReaderRow {
  readonly name: string
  readonly position: string | null
  readonly slot: string | null
  readonly owner: string | null
}

/**
 * What has this name, all shards that the relay ever had, whose checkpoints are left behind, and all partitions of the
 * group. An instance of a group is in the way also where it holds none of them.
 */
const readersSql = (schema: string): string => `
  with named as (
    select name from ${schema}.checkpoints union select 'relay/' || name from ${schema}.relays
  )
  select n.name, c.position::text as position, s.slot_name::text as slot,
    (select min(l.owner) from ${schema}.leases l
      where l.expires_at > clock_timestamp() and l.owner <> '${dividedOwner}' and (l.name = n.name
        or (starts_with($1, 'group/') and starts_with(l.name, 'instances/' || substr($1, 7) || '/')))) as owner
  from named n
  left join ${schema}.checkpoints c on c.name = n.name
  left join ${schema}.relays r on 'relay/' || r.name = n.name
  left join pg_replication_slots s on s.slot_name = r.slot and s.database = current_database()
  where n.name = $1 or (starts_with(n.name, $1 || '.') and substr(n.name, length($1) + 2) ~ '^[0-9]+[.][0-9]+$'
    and exists (select from ${schema}.relay_shards d where 'relay/' || d.relay = $1))
    or (${isPartitionSql} and ${readerNameSql} = $1)
  order by n.name`

const knownSql = (schema: string): string => `
  select string_agg(name, ', ' order by name) as known from (
    select substr(${readerNameSql}, length($1) + 2) as name from ${schema}.checkpoints c
    where c.name like $1 || '/%'
    union select r.name from ${schema}.relays r where $1 = 'relay') n`

/** Nobody can take the lease while this lock is held; without it a relay could start in the middle. */
const lockSql = (schema: string): string => `lock table ${schema}.leases in share row exclusive mode`

const forgetSql = (schema: string): readonly string[] => [
  `delete from ${schema}.checkpoints where name = any($1)`,
  `delete from ${schema}.relays where 'relay/' || name = any($1)`,
]

const find = async (tx: Transaction, { kind, name }: ForgetOptions): Promise<readonly ReaderRow[]> => {
  const schema = quoteIdentifier('schema', tx.schema)
  const { rows } = await tx.query<ReaderRow>(readersSql(schema), [`${kind}/${name}`])
  if (rows.length === 0) {
    const { rows: others } = await tx.query<{ known: string | null }>(knownSql(schema), [kind])
    throw new OnewriteError('UNKNOWN_READER', { kind, name, known: others[0]?.known ?? 'none' })
  }
  for (const { name: reader, owner } of rows) {
    if (owner !== null) throw new OnewriteError('READER_IN_USE', { name: reader, owner })
  }
  return rows
}

/** What was found, a group as the one reader that it is: as far as the partition of it that is behind the others. */
const forgotten = ({ kind, name }: ForgetOptions, rows: readonly ReaderRow[]): readonly ForgottenReader[] => {
  const readers = rows.map(({ name: reader, position, slot }) => ({
    name: reader,
    position: position === null ? undefined : BigInt(position),
    slot: slot ?? undefined,
  }))
  if (kind === 'relay') return readers
  const divided = readers.length > 1 ? readers.filter((reader) => reader.name !== `group/${name}`) : readers
  const [position] = divided.map((reader) => reader.position ?? 0n).sort((a, b) => (a < b ? -1 : 1))
  return [{ name: `group/${name}`, position, slot: undefined }]
}

const forget = async (tx: Transaction, readers: readonly ReaderRow[]): Promise<void> => {
  // First: it cannot be rolled back. Where what follows fails, the relay is still known and the slot is made anew.
  for (const { slot } of readers) if (slot !== null) await dropSlot(tx, slot)
  const names = readers.map(({ name }) => name)
  for (const sql of forgetSql(quoteIdentifier('schema', tx.schema))) await tx.query(sql, [names])
}

/**
 * Forgets a reader that is gone for good: its checkpoint, its registration and its replication slot, all of which hold
 * something back for it; of a divided relay, those of every shard. Leases stay, because fencing tokens must keep
 * growing. Needs the owner of the log.
 *
 * @throws UNKNOWN_READER, READER_IN_USE, SLOT_IN_USE, PERMISSION_DENIED
 */
export const forgetReader = (database: Database, options: ForgetOptions): Promise<Forgotten> =>
  database.transaction(async (tx) => {
    const { kind, name, dryRun = false } = options
    if (!dryRun) await tx.query(lockSql(quoteIdentifier('schema', tx.schema)))
    const readers = await find(tx, options)
    if (!dryRun) await forget(tx, readers)
    return {
      kind,
      name,
      readers: forgotten(options, readers),
      dryRun,
    }
  })
