import type { DeadLetter, DeadLetterState } from '../dead-letter/dead-letter.ts'
import { type Decision, discard, editDeadLetter, type Redriven, redrive } from '../dead-letter/decide.ts'
import { table } from '../dead-letter/fence.ts'
import {
  type DeadLetterFilter,
  listDeadLetters,
  type ShownDeadLetter,
  showDeadLetter,
} from '../dead-letter/list.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database } from '../postgres/database.ts'

/** Which dead letters of relays are meant; those of all where nothing is named. */
export interface RelayDeadLetters extends Omit<DeadLetterFilter, 'reader'> {
  /** Name of a relay; its shards belong to it. */
  readonly relay?: string
}

const readersSql = (schema: string): string => `
  select distinct reader from ${table(schema, 'dead_letters')} where reader like 'relay/%'`

/** A shard is named after its relay, its generation and its number. */
const isOf = (relay: string) => {
  const name = `relay/${relay}`
  return (reader: string): boolean =>
    reader === name || (reader.startsWith(`${name}.`) && /^\d+\.\d+$/.test(reader.slice(name.length + 1)))
}

const filterOf = async (
  database: Database,
  { relay, ...filter }: RelayDeadLetters,
): Promise<DeadLetterFilter> => {
  const { rows } = await database.query<{ reader: string }>(readersSql(database.schema))
  const readers = rows.map(({ reader }) => reader)
  return { ...filter, reader: relay === undefined ? readers : readers.filter(isOf(relay)) }
}

export interface RelayListOptions extends RelayDeadLetters {
  readonly states?: readonly DeadLetterState[]
  readonly limit?: number
}

/** What relays could not deliver, the oldest first; by default what is parked. */
export const listRelayDeadLetters = async (
  database: Database,
  { states, limit, ...named }: RelayListOptions = {},
): Promise<readonly DeadLetter[]> =>
  listDeadLetters(database, {
    ...(await filterOf(database, named)),
    ...(states === undefined ? {} : { states }),
    ...(limit === undefined ? {} : { limit }),
  })

/** @throws DEAD_LETTER_NOT_PARKED where there is none of that number */
export const showRelayDeadLetter = async (database: Database, number: bigint): Promise<ShownDeadLetter> => {
  const found = await showDeadLetter(database, number)
  if (found === undefined) throw new OnewriteError('DEAD_LETTER_NOT_PARKED', { number })
  return found
}

/**
 * Lets parked records of relays go, and what waits behind them, in order. The relay that leads sends them; where none
 * runs, the next one does.
 */
export const redriveRelay = async (
  database: Database,
  named: RelayDeadLetters,
  decision: Decision & { readonly dryRun?: boolean },
): Promise<Redriven> => redrive(database, await filterOf(database, named), decision)

/**
 * Gives a parked record up, for a reason that is kept. What waits behind it follows.
 *
 * @throws INVALID_CONFIG, DEAD_LETTER_NOT_PARKED
 */
export const discardRelayDeadLetter = (
  database: Database,
  number: bigint,
  decision: Decision & { readonly reason: string },
): Promise<DeadLetter> => discard(database, number, decision)

/**
 * Changes what a parked record will send as its value; what it came with is kept.
 *
 * @throws DEAD_LETTER_NOT_PARKED
 */
export const editRelayDeadLetter = (
  database: Database,
  number: bigint,
  value: string | Buffer | null,
  decision: Decision,
): Promise<void> => editDeadLetter(database, number, value, decision)
