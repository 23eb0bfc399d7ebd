import { sqlState } from '../../postgres/connection-error.ts'
import type { Database } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'
import { overlap } from './mark.ts'

/** A partition of the inbox. */
export interface Slot {
  readonly slot: number
  /** Whether its marks are outside of the window, all of them. */
  readonly expired: boolean
  /** Whether it has been open for longer than the window, and should have been followed by another one. */
  readonly old: boolean
  readonly state: 'attached' | 'detaching' | 'detached' | 'gone'
}

const inSchema = (schema: string, name: string): string => `${quoteIdentifier('schema', schema)}.${name}`

const partition = (schema: string, slot: number): string =>
  `${quoteIdentifier('schema', schema)}.${quoteIdentifier('partition', `inbox_${slot}`)}`

const announceSql = (schema: string): string => `
  insert into ${inSchema(schema, 'inbox_windows')} (window_ms) values ($1)
  on conflict on constraint inbox_windows_pkey do update set said_at = clock_timestamp()`

const windowSql = (schema: string): string => `
  select max(window_ms)::text as longest from ${inSchema(schema, 'inbox_windows')}
  where said_at > clock_timestamp() - window_ms * interval '1 millisecond'`

/** Says for how long this service wants marks to be kept, and answers how long they are: the longest of all. */
export const announceWindow = async (database: Database, window: number): Promise<number> => {
  await database.query(announceSql(database.schema), [window])
  const { rows } = await database.query<{ longest: string | null }>(windowSql(database.schema))
  return Math.max(window, Number(rows[0]?.longest ?? 0))
}

// A slot takes marks until the next one opens. A partition that is being detached counts as one to be finished.
const slotsSql = (schema: string): string => `
  select s.slot, coalesce(s.ends_at + $1 * interval '1 millisecond' <= clock_timestamp(), false) as expired,
    s.ends_at is null and s.opens_at + $1 * interval '1 millisecond' <= clock_timestamp() as old,
    case when c.oid is null then 'gone' when i.inhrelid is null then 'detached'
      when i.inhdetachpending then 'detaching' else 'attached' end as state
  from (select slot, opens_at, lead(opens_at) over (order by slot) as ends_at
    from ${inSchema(schema, 'inbox_slots')}) s
  left join pg_class c on c.oid = to_regclass(format('%I.%I', $2::text, 'inbox_' || s.slot))
  left join pg_inherits i on i.inhrelid = c.oid
  order by s.slot`

/** The slots there are, in order, as a window makes them. */
export const inboxSlots = async (database: Database, window: number): Promise<readonly Slot[]> =>
  (await database.query<Slot>(slotsSql(database.schema), [window, database.schema])).rows

const lockTimeoutSql = `select set_config('lock_timeout', '2s', true)`
const aloneSql = 'select pg_advisory_xact_lock(hashtextextended($1, 0))'

// Half a window after the last one, and late enough for every mark of the time before it to be put into both.
const dueSql = (schema: string): string => `
  select slot + 1 as slot,
    greatest(opens_at + $1 * interval '1 millisecond', clock_timestamp() + interval '${2 * overlap} milliseconds')
      as opens_at
  from ${inSchema(schema, 'inbox_slots')}
  where slot = (select max(slot) from ${inSchema(schema, 'inbox_slots')}) and opens_at <= clock_timestamp()`

const openSql = (schema: string): string =>
  `insert into ${inSchema(schema, 'inbox_slots')} (slot, opens_at) values ($1, $2)`

const stateOf = (error: unknown): string | undefined =>
  sqlState(error) ?? (error instanceof Error ? sqlState(error.cause) : undefined)

/**
 * Somebody is doing the same: the partition is gone, or no partition any more, or is being detached; or a lock was not
 * had in time.
 */
const isBusy = (error: unknown): boolean =>
  ['42P01', '42P17', '55000', '55P03', '40P01'].includes(stateOf(error) ?? '')

const openOnce = (database: Database, window: number): Promise<number | undefined> =>
  database.transaction(async (tx) => {
    const { schema } = tx
    await tx.query(lockTimeoutSql)
    await tx.query(aloneSql, [`onewrite.inbox.${schema}`])
    const { rows } = await tx.query<{ slot: number; opens_at: Date }>(dueSql(schema), [window / 2])
    const [due] = rows
    if (due === undefined) return undefined
    const [inbox, name] = [inSchema(schema, 'inbox'), partition(schema, due.slot)]
    await tx.query(`create table ${name} (like ${inbox} including indexes)`)
    await tx.query(`alter table ${inbox} attach partition ${name} for values in (${due.slot})`)
    await tx.query(openSql(schema), [due.slot, due.opens_at])
    return due.slot
  })

/**
 * Makes the next slot, once the last one has opened: its number, or undefined where it is there, or where it has to be
 * tried again. Needs the owner of the schema. Writers do not wait.
 */
export const openNextSlot = async (database: Database, window: number): Promise<number | undefined> => {
  try {
    return await openOnce(database, window)
  } catch (error) {
    if (isBusy(error)) return undefined
    throw error
  }
}

const forgetSql = (schema: string): string => `delete from ${inSchema(schema, 'inbox_slots')} where slot = $1`

const detach = async (database: Database, { slot, state }: Slot): Promise<void> => {
  const { schema } = database
  if (state !== 'attached' && state !== 'detaching') return
  const how = state === 'attached' ? 'concurrently' : 'finalize'
  const [inbox, name] = [inSchema(schema, 'inbox'), partition(schema, slot)]
  await database.query(`alter table ${inbox} detach partition ${name} ${how}`)
}

// A dump, say, or a forgotten session. The transactions of consumers are shorter.
const heldSql = `
  select exists (select from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.relation = to_regclass($1) and a.datname = current_database()
      and a.xact_start < clock_timestamp() - $2 * interval '1 millisecond') as held`

const isHeld = async (database: Database, { slot }: Slot, patience: number): Promise<boolean> => {
  const values = [partition(database.schema, slot), patience]
  const { rows } = await database.query<{ held: boolean }>(heldSql, values)
  return rows[0]?.held === true
}

/**
 * Drops a slot: true where it is gone. Detaching CONCURRENTLY waits for the transactions that use the inbox, and keeps
 * nobody waiting; what is detached is used by nobody. Where one has been open for longer than `patience` milliseconds,
 * it is left for later.
 */
export const dropSlot = async (database: Database, slot: Slot, patience = 60_000): Promise<boolean> => {
  if (await isHeld(database, slot, patience)) return false
  try {
    await detach(database, slot)
    await database.transaction(async (tx) => {
      await tx.query(lockTimeoutSql)
      await tx.query(`drop table if exists ${partition(tx.schema, slot.slot)}`)
      await tx.query(forgetSql(tx.schema), [slot.slot])
    })
    return true
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}
