import type { Database, Transaction } from '../postgres/database.ts'
import {
  type DeadLetter,
  type DeadLetterRow,
  type DeadLetterState,
  deadLetterColumns,
  deadLetterOf,
} from './dead-letter.ts'
import { table } from './fence.ts'
import { loadRecord, type RecordRow } from './stored-record.ts'

/** Which dead letters are meant: all that fit every condition given. */
export interface DeadLetterFilter {
  /** `relay/orders`, or several */
  readonly reader?: string | readonly string[]
  readonly topic?: string
  readonly key?: string
  readonly fingerprint?: string
  /** One, or several. */
  readonly number?: bigint | readonly bigint[]
  /** Number of the queue it is in. */
  readonly quarantine?: bigint
}

export const filterSql = `
  ($1::text[] is null or reader = any($1)) and ($2::text is null or topic = $2) and ($3::bytea is null or key = $3)
  and ($4::text is null or fingerprint = $4) and ($5::bigint[] is null or number = any($5))
  and ($6::bigint is null or quarantine = $6)`

/** Of `filterSql`. */
export const filterValues = (filter: DeadLetterFilter): readonly unknown[] => {
  const { reader, topic = null, key, fingerprint = null, number, quarantine } = filter
  const readers = typeof reader === 'string' ? [reader] : (reader ?? null)
  const numbers = typeof number === 'bigint' ? [number] : (number ?? null)
  const bytes = key === undefined ? null : Buffer.from(key)
  const queue = quarantine === undefined ? null : String(quarantine)
  return [readers, topic, bytes, fingerprint, numbers?.map(String) ?? null, queue]
}

export interface ListOptions extends DeadLetterFilter {
  /** Default: what is parked, which is what a person has to decide about. */
  readonly states?: readonly DeadLetterState[]
  /** Default 100. */
  readonly limit?: number
}

const listSql = (schema: string): string => `
  select ${deadLetterColumns} from ${table(schema, 'dead_letters')}
  where ${filterSql} and state = any($7::text[]) order by number limit $8`

/** The oldest first. */
export const listDeadLetters = async (
  database: Database | Transaction,
  { states = ['parked'], limit = 100, ...filter }: ListOptions = {},
): Promise<readonly DeadLetter[]> => {
  const values = [...filterValues(filter), states, limit]
  const { rows } = await database.query<DeadLetterRow>(listSql(database.schema), values)
  return rows.map(deadLetterOf)
}

export interface ShownDeadLetter extends DeadLetter {
  readonly headers: readonly (readonly [name: string, value: string | Buffer | null])[]
  /** As it came. */
  readonly value: Buffer | null
  /** What goes out instead, where an operator has changed it. */
  readonly editedValue: Buffer | null
}

const showSql = (schema: string): string => `
  select ${deadLetterColumns}, value, edited as edited_value, headers, partition, timestamp
  from ${table(schema, 'dead_letters')} where number = $1`

interface ShownRow extends DeadLetterRow, Omit<RecordRow, 'edited' | 'topic' | 'key'> {
  readonly edited_value: Buffer | null
}

/** One dead letter with its content; undefined where there is none of that number. */
export const showDeadLetter = async (
  database: Database | Transaction,
  number: bigint,
): Promise<ShownDeadLetter | undefined> => {
  const { rows } = await database.query<ShownRow>(showSql(database.schema), [number])
  const [row] = rows
  if (row === undefined) return undefined
  const { headers } = loadRecord({ ...row, edited: null })
  const list = Array.isArray(headers) ? headers : []
  return { ...deadLetterOf(row), headers: list, value: row.value, editedValue: row.edited_value }
}

export interface DeadLetterCounts {
  /** Queues: keys, topics and single records. */
  readonly quarantines: number
  /** Of whole topics. */
  readonly topics: number
  readonly parked: number
  /** Waiting behind a parked one, or released and not sent yet. */
  readonly waiting: number
  /** When the oldest quarantine began. */
  readonly since: Date | undefined
}

const countsSql = (schema: string): string => `
  select q.quarantines, q.topics, q.since, d.parked, d.waiting
  from (select count(*)::int as quarantines, count(*) filter (where scope = 'topic')::int as topics, min(since) as since
    from ${table(schema, 'quarantines')} where reader = $1) q,
  (select count(*) filter (where state = 'parked')::int as parked,
    count(*) filter (where state <> 'parked')::int as waiting
    from ${table(schema, 'dead_letters')} where reader = $1 and state in ('parked', 'held', 'released')) d`

interface CountsRow extends Omit<DeadLetterCounts, 'since'> {
  readonly since: Date | null
}

/** How much waits at one reader. */
export const countDeadLetters = async (
  database: Database | Transaction,
  reader: string,
): Promise<DeadLetterCounts> => {
  const { rows } = await database.query<CountsRow>(countsSql(database.schema), [reader])
  const { quarantines = 0, topics = 0, parked = 0, waiting = 0, since = null } = rows[0] ?? {}
  return { quarantines, topics, parked, waiting, since: since ?? undefined }
}
