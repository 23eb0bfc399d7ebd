import type { DeadLetter, DeadLetterState } from '../dead-letter/dead-letter.ts'
import { type Decision, discard, editDeadLetter } from '../dead-letter/decide.ts'
import { table } from '../dead-letter/fence.ts'
import {
  type DeadLetterFilter,
  listDeadLetters,
  type ShownDeadLetter,
  showDeadLetter,
} from '../dead-letter/list.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database } from '../postgres/database.ts'

/** Which dead letters are meant: all that fit every name given, whoever could not deliver them. */
export interface DeadLetterNames extends Omit<DeadLetterFilter, 'reader'> {
  /** Name of a relay; its shards belong to it. */
  readonly relay?: string
  /** Name of a consumer. */
  readonly consumer?: string
}

const readersSql = (schema: string): string => `
  select distinct reader from ${table(schema, 'dead_letters')} where reader like 'relay/%'`

/** A shard is named after its relay, its generation and its number. */
const isOf = (relay: string) => {
  const name = `relay/${relay}`
  return (reader: string): boolean =>
    reader === name || (reader.startsWith(`${name}.`) && /^\d+\.\d+$/.test(reader.slice(name.length + 1)))
}

const readersOf = async (
  database: Database,
  { relay, consumer }: DeadLetterNames,
): Promise<readonly string[]> => {
  const consumers = consumer === undefined ? [] : [`consumer/${consumer}`]
  if (relay === undefined) return consumers
  const { rows } = await database.query<{ reader: string }>(readersSql(database.schema))
  return [...rows.map(({ reader }) => reader).filter(isOf(relay)), ...consumers]
}

/** What the names mean in the table. */
export const filterOf = async (database: Database, names: DeadLetterNames): Promise<DeadLetterFilter> => {
  const { relay, consumer, ...filter } = names
  if (relay === undefined && consumer === undefined) return filter
  return { ...filter, reader: await readersOf(database, names) }
}

export interface ListedDeadLetters extends DeadLetterNames {
  readonly states?: readonly DeadLetterState[]
  readonly limit?: number
}

/** What could not be delivered, the oldest first; by default what is parked. */
export const deadLetters = async (
  database: Database,
  { states, limit, ...names }: ListedDeadLetters = {},
): Promise<readonly DeadLetter[]> =>
  listDeadLetters(database, {
    ...(await filterOf(database, names)),
    ...(states === undefined ? {} : { states }),
    ...(limit === undefined ? {} : { limit }),
  })

/** What a person did about a dead letter. */
export interface DeadLetterDeed {
  /** RFC 3339. */
  readonly at: string
  readonly actor: string
  readonly operation: string
  readonly reason: string | null
}

export interface DeadLetterReport extends ShownDeadLetter {
  /** How many wait behind it in its queue. */
  readonly following: number
  readonly deeds: readonly DeadLetterDeed[]
}

const deedsSql = (schema: string): string => `
  select to_json(at at time zone 'UTC') #>> '{}' || 'Z' as at, actor, operation, reason
  from ${table(schema, 'dead_letter_audit')} where dead_letters @> array[$1::bigint] order by number`

const followingSql = (schema: string): string => `
  select count(*)::int as following from ${table(schema, 'dead_letters')}
  where quarantine = $1 and number > $2 and state in ('parked', 'held', 'released')`

/**
 * One with its content, and what was done about it.
 *
 * @throws DEAD_LETTER_NOT_PARKED where there is none of that number
 */
export const deadLetterReport = async (database: Database, number: bigint): Promise<DeadLetterReport> => {
  const found = await showDeadLetter(database, number)
  if (found === undefined) throw new OnewriteError('DEAD_LETTER_NOT_PARKED', { number })
  const { schema } = database
  const deeds = await database.query<DeadLetterDeed>(deedsSql(schema), [number])
  const behind = [String(found.quarantine), String(number)]
  const { rows } = await database.query<{ following: number }>(followingSql(schema), behind)
  return { ...found, following: rows[0]?.following ?? 0, deeds: deeds.rows }
}

/**
 * Gives a parked record up, for a reason that is kept. What waits behind it follows.
 *
 * @throws INVALID_CONFIG, DEAD_LETTER_NOT_PARKED
 */
export const discardDeadLetter = (
  database: Database,
  number: bigint,
  decision: Decision & { readonly reason: string },
): Promise<DeadLetter> => discard(database, number, decision)

/**
 * Changes what is delivered as the value of a parked record; what it came with is kept.
 *
 * @throws DEAD_LETTER_NOT_PARKED
 */
export const changeDeadLetter = (
  database: Database,
  number: bigint,
  value: string | Buffer | null,
  decision: Decision,
): Promise<void> => editDeadLetter(database, number, value, decision)
