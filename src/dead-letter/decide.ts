import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { type DeadLetter, type DeadLetterRow, deadLetterColumns, deadLetterOf } from './dead-letter.ts'
import { table } from './fence.ts'
import { type DeadLetterFilter, filterSql, filterValues } from './list.ts'

/** Who decides, for the audit. */
export interface Decision {
  readonly actor: string
  readonly reason?: string
}

export interface Redriven {
  /** What is released, or would be. */
  readonly released: readonly DeadLetter[]
  /** How many wait behind them and will follow. */
  readonly following: number
  readonly dryRun: boolean
}

// Queues before records, as the reader takes them: two that decide at once, or one and the reader, wait for each other.
const lockQueuesSql = (schema: string): string => `
  select number from ${table(schema, 'quarantines')} where number in (
    select quarantine from ${table(schema, 'dead_letters')} where state = 'parked' and ${filterSql})
  order by number for update`

const parkedSql = (schema: string): string => `
  select ${deadLetterColumns} from ${table(schema, 'dead_letters')}
  where state = 'parked' and ${filterSql} order by number`

const followingSql = (schema: string): string => `
  select count(*)::int as following from ${table(schema, 'dead_letters')}
  where quarantine = any($1::bigint[]) and state in ('held', 'released')`

const changeSql = (schema: string): string => `
  update ${table(schema, 'dead_letters')}
  set state = $2, actor = $3, reason = $4,
      released_at = case when $2 = 'released' then clock_timestamp() else released_at end,
      ended_at = case when $2 = 'discarded' then clock_timestamp() end
  where number = any($1::bigint[])`

const wakeSql = (schema: string): string =>
  `update ${table(schema, 'quarantines')} set released = true where number = any($1::bigint[])`

const auditSql = (schema: string): string => `
  insert into ${table(schema, 'dead_letter_audit')} (actor, operation, filter, reason, dead_letters)
  values ($1, $2, $3, $4, $5::bigint[])`

interface Change extends Decision {
  readonly operation: 'redrive' | 'discard'
  readonly filter: DeadLetterFilter
}

const filterText = (filter: DeadLetterFilter): string =>
  JSON.stringify(filter, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

const audit = (tx: Transaction, change: Omit<Change, 'operation'>, operation: string, numbers: string[]) =>
  tx.query(auditSql(tx.schema), [
    change.actor,
    operation,
    filterText(change.filter),
    change.reason ?? null,
    numbers,
  ])

const apply = async (tx: Transaction, change: Change, rows: readonly DeadLetterRow[]): Promise<void> => {
  const { operation, actor, reason = null } = change
  const numbers = rows.map(({ number }) => number)
  const state = operation === 'redrive' ? 'released' : 'discarded'
  await tx.query(changeSql(tx.schema), [numbers, state, actor, reason])
  await tx.query(wakeSql(tx.schema), [[...new Set(rows.map(({ quarantine }) => quarantine))]])
  await audit(tx, change, operation, numbers)
}

/**
 * Releases parked dead letters that fit the filter, all where it is empty. The reader that leads sends them within a
 * second, then what waits behind them, in order. Doing it twice has the effect of once.
 */
export const redrive = (
  database: Database,
  filter: DeadLetterFilter,
  { dryRun = false, ...decision }: Decision & { readonly dryRun?: boolean },
): Promise<Redriven> =>
  database.transaction(async (tx) => {
    const values = filterValues(filter)
    if (!dryRun) await tx.query(lockQueuesSql(tx.schema), values)
    const { rows } = await tx.query<DeadLetterRow>(parkedSql(tx.schema), values)
    const queues = [...new Set(rows.map(({ quarantine }) => quarantine))]
    const counted = await tx.query<{ following: number }>(followingSql(tx.schema), [queues])
    if (!dryRun && rows.length > 0) await apply(tx, { operation: 'redrive', filter, ...decision }, rows)
    return { released: rows.map(deadLetterOf), following: counted.rows[0]?.following ?? 0, dryRun }
  })

const checkReason = (reason: string | undefined): void => {
  if (reason !== undefined && reason.trim() !== '') return
  throw new OnewriteError('INVALID_CONFIG', {
    faults: 'a dead letter is discarded for a reason; none was given',
  })
}

/**
 * Gives a parked dead letter up: it is kept, with the reason, and never sent. What waits behind it follows.
 *
 * @throws INVALID_CONFIG without a reason, DEAD_LETTER_NOT_PARKED
 */
export const discard = async (
  database: Database,
  number: bigint,
  decision: Decision & { readonly reason: string },
): Promise<DeadLetter> => {
  checkReason(decision.reason)
  return database.transaction(async (tx) => {
    const filter = { number }
    await tx.query(lockQueuesSql(tx.schema), filterValues(filter))
    const { rows } = await tx.query<DeadLetterRow>(parkedSql(tx.schema), filterValues(filter))
    const [row] = rows
    if (row === undefined) throw new OnewriteError('DEAD_LETTER_NOT_PARKED', { number })
    await apply(tx, { operation: 'discard', filter, ...decision }, rows)
    return { ...deadLetterOf(row), state: 'discarded', reason: decision.reason, actor: decision.actor }
  })
}

const editSql = (schema: string): string =>
  `update ${table(schema, 'dead_letters')} set edited = $2 where number = $1 and state = 'parked'`

/**
 * Replaces what a parked dead letter sends as its value. The value it came with is kept; null takes the change back.
 *
 * @throws DEAD_LETTER_NOT_PARKED
 */
export const editDeadLetter = (
  database: Database,
  number: bigint,
  value: string | Buffer | null,
  decision: Decision,
): Promise<void> =>
  database.transaction(async (tx) => {
    const bytes = value === null ? null : Buffer.from(value)
    const { rowCount } = await tx.query(editSql(tx.schema), [number, bytes])
    if (rowCount === 0) throw new OnewriteError('DEAD_LETTER_NOT_PARKED', { number })
    await audit(tx, { filter: { number }, ...decision }, 'edit', [String(number)])
  })
