import { OnewriteError } from '../../error/onewrite-error.ts'
import type { Database, Transaction } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'

/** A partition in the hands of this instance. */
export interface Owned {
  /** Of the assignment. */
  readonly name: string
  /** Grows with every owner. What carries a lower one comes from a former owner. */
  readonly token: bigint
}

export interface Taken extends Owned {
  /** Everything below is dealt with; undefined where nothing is yet. */
  readonly settled: bigint | undefined
}

const table = (schema: string): string => `${quoteIdentifier('schema', schema)}.consumer_partitions`

const askSql = (schema: string): string => `
  insert into ${table(schema)} as held (consumer, name, owner, token, wanted, origin) values ($1, $2, $3, 0, 1, $4)
  on conflict on constraint consumer_partitions_pkey do update
  set owner = excluded.owner, wanted = held.wanted + 1, owned_at = clock_timestamp()
  returning wanted`

// Two that ask at once: the later one's token stays, whoever comes first. Of another topic of the same name nothing is
// settled yet.
const takeSql = (schema: string): string => `
  update ${table(schema)} held
  set token = greatest(held.token, $3), origin = coalesce($4, held.origin),
    settled = case when held.origin <> $4 then null else held.settled end,
    log_end = case when held.origin <> $4 then null else held.log_end end
  where held.consumer = $1 and held.name = $2 returning held.settled`

export interface Taker {
  readonly consumer: number
  /** Of the assignment. */
  readonly name: string
  readonly owner: string
  /** Of the assignment, where it has one. */
  readonly origin?: string | undefined
}

/**
 * Makes a partition this instance's. When it resolves, everything that former owners will ever have committed is
 * visible.
 *
 * In two steps. Asking waits for nobody, and from its commit on `assertOwned` refuses the former owner. Taking changes
 * the token, which is part of a key, and so waits for the transactions that had asserted before; they hold the row FOR
 * KEY SHARE until they have ended, and no new ones join them, so it is not put off for ever.
 */
export const takeOwnership = async (database: Database, taker: Taker): Promise<Taken> => {
  const { consumer, name, owner, origin = null } = taker
  const { schema } = database
  const asking = [consumer, name, owner, origin]
  const [asked] = (await database.query<{ wanted: string }>(askSql(schema), asking)).rows
  const token = asked?.wanted ?? '0'
  const taking = [consumer, name, token, origin]
  const [taken] = (await database.query<{ settled: string | null }>(takeSql(schema), taking)).rows
  const settled = taken?.settled ?? null
  return { name, token: BigInt(token), settled: settled === null ? undefined : BigInt(settled) }
}

// A lock FOR KEY SHARE is had on the version of the row that the snapshot shows, unless a key has changed since. That
// the token is part of a key makes this look at the newest version, or fail where the isolation forbids that.
const assertSql = (schema: string): string => `
  select name, token, wanted from ${table(schema)} where consumer = $1 and name = any($2::text[])
  order by name for key share`

interface AssertRow {
  readonly name: string
  readonly token: string
  readonly wanted: string
}

/**
 * Has to be the last statement before COMMIT: what this transaction did for its partitions takes effect only while they
 * are this instance's, and a new owner waits until it has.
 *
 * @throws FENCED naming a partition that was taken over
 */
export const assertOwned = async (
  tx: Transaction,
  consumer: number,
  owned: readonly Owned[],
): Promise<void> => {
  const names = owned.map(({ name }) => name)
  const { rows } = await tx.query<AssertRow>(assertSql(tx.schema), [consumer, names])
  const tokens = new Map(
    rows.filter(({ token, wanted }) => token === wanted).map(({ name, token }) => [name, BigInt(token)]),
  )
  const taken = owned.find(({ name, token }) => tokens.get(name) !== token)
  if (taken !== undefined) throw new OnewriteError('FENCED', { name: taken.name })
}

/** How far a partition has come. */
export interface Settled extends Owned {
  readonly settled: bigint
  /** One past the last record, as last heard. */
  readonly end?: bigint
}

// Locked in the order of names before anything is changed: a former owner may be saving the same rows.
const saveSql = (schema: string): string => `
  with mine as (
    select held.name, new.settled, new.log_end
    from ${table(schema)} held
    join unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) as new(name, token, settled, log_end)
      on new.name = held.name and new.token = held.token
    where held.consumer = $1
    order by held.name for no key update of held
  )
  update ${table(schema)} held
  set settled = greatest(held.settled, mine.settled), log_end = coalesce(mine.log_end, held.log_end),
      settled_at = case when mine.settled > coalesce(held.settled, -1) then clock_timestamp() else held.settled_at end
  from mine where held.consumer = $1 and held.name = mine.name
  returning held.name`

/**
 * Writes down how far partitions have come, never back. Those that are this instance's are saved also when another is
 * not. Waits for no transaction that has asserted ownership.
 *
 * @throws FENCED naming a partition that was taken over
 */
export const saveSettled = async (
  database: Database | Transaction,
  consumer: number,
  rows: readonly Settled[],
): Promise<void> => {
  if (rows.length === 0) return
  const saved = await database.query<{ name: string }>(saveSql(database.schema), [
    consumer,
    rows.map(({ name }) => name),
    rows.map(({ token }) => String(token)),
    rows.map(({ settled }) => String(settled)),
    rows.map(({ end }) => (end === undefined ? null : String(end))),
  ])
  const names = new Set(saved.rows.map(({ name }) => name))
  const taken = rows.find(({ name }) => !names.has(name))
  if (taken !== undefined) throw new OnewriteError('FENCED', { name: taken.name })
}
