import type { Database } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { type Duration, milliseconds } from '../retry/duration.ts'
import { droppedThrough } from './kept-from.ts'
import { lastPosition } from './last-position.ts'
import { type LogPartition, logPartitions } from './log-partitions.ts'
import { type LogReader, logReaders } from './log-readers.ts'

/** Why a partition stays. */
export type Obstacle =
  /** Positions of it were not drawn yet. */
  | { readonly kind: 'incomplete' }
  /** Its newest event occurred at `newest`, RFC 3339. */
  | { readonly kind: 'young'; readonly newest: string }
  /** This reader has not passed its last event. */
  | { readonly kind: 'reader'; readonly name: string; readonly position: bigint | undefined }
  /** The log is dropped from its beginning on, without holes. */
  | { readonly kind: 'behind'; readonly partition: string }
  /** Somebody held the table for as long as it was tried. */
  | { readonly kind: 'busy' }

export interface PartitionPlan extends LogPartition {
  /** Position of its last event; undefined where it has none. */
  readonly last: bigint | undefined
  /** Why it stays; empty: it goes. */
  readonly obstacles: readonly Obstacle[]
}

export interface RetentionPlan {
  readonly partitions: readonly PartitionPlan[]
  /** Last position dropped so far; 0 for none. */
  readonly droppedThrough: bigint
  /** Whether events found no partition of their own: these stay for ever. */
  readonly overflow: boolean
}

export interface RetentionOptions {
  /** Events stay for at least so long after they occurred: `30d`, or milliseconds. */
  readonly after: Duration
  /** Told which partition is being looked at: finding its newest event may take minutes. */
  readonly progress?: (partition: string) => void
}

interface EndRow {
  readonly last: string | null
  readonly newest: string | null
  readonly young: boolean
}

const asJson = (expression: string): string => `to_json(${expression} at time zone 'UTC') #>> '{}'`

/** Asked of the log, not of the partition: another instance may be dropping that. */
const within = (schema: string): string =>
  `from ${quoteIdentifier('schema', schema)}.events e where e.position between $2::bigint and $3::bigint`

/** The last event is found through the index and is nearly always the newest. */
const endSql = (schema: string): string => `
  select e.position::text as last, ${asJson('e.occurred_at')} as newest,
    e.occurred_at > clock_timestamp() - $1::bigint * interval '1 millisecond' as young
  ${within(schema)} order by e.position desc limit 1`

/** Reads the whole partition; asked only of one that nothing else keeps. */
const newestSql = (schema: string): string => `
  select max(e.position)::text as last, ${asJson('max(e.occurred_at)')} as newest,
    max(e.occurred_at) > clock_timestamp() - $1::bigint * interval '1 millisecond' as young
  ${within(schema)}`

const overflowSql = (schema: string): string =>
  `select exists (select from ${quoteIdentifier('schema', schema)}.events_overflow) as overflow`

export interface LogState {
  readonly readers: readonly LogReader[]
  /** The last position that any writer has drawn. */
  readonly lastPosition: bigint
}

/** What keeps a partition with this last event, its age aside. */
export const obstaclesIn = (
  { readers, lastPosition: drawn }: LogState,
  { to }: LogPartition,
  last: bigint | undefined,
): readonly Obstacle[] => [
  ...(drawn < to ? [{ kind: 'incomplete' } as const] : []),
  ...readers
    .filter(({ position }) => position === undefined || position < (last ?? 0n))
    .map(({ name, position }) => ({ kind: 'reader', name, position }) as const),
]

interface Looking {
  readonly database: Database
  readonly state: LogState
  readonly after: number
  readonly progress: (partition: string) => void
}

const look = async (
  { database, state, after, progress }: Looking,
  partition: LogPartition,
  behind: string | undefined,
): Promise<PartitionPlan> => {
  const values = [after, String(partition.from), String(partition.to)]
  const ask = async (sql: (schema: string) => string): Promise<EndRow | undefined> =>
    (await database.query<EndRow>(sql(database.schema), values)).rows[0]
  progress(partition.name)
  const end = await ask(endSql)
  const last = end?.last == null ? undefined : BigInt(end.last)
  const young = ({ newest }: EndRow): Obstacle => ({ kind: 'young', newest: newest ?? '' })
  const obstacles: Obstacle[] = [...obstaclesIn(state, partition, last)]
  if (end?.young === true) obstacles.push(young(end))
  if (behind !== undefined) obstacles.push({ kind: 'behind', partition: behind })
  if (obstacles.length === 0 && end !== undefined) {
    const newest = await ask(newestSql)
    if (newest?.young === true) obstacles.push(young(newest))
  }
  return { ...partition, last, obstacles }
}

/**
 * Which partitions retention would drop now, and why the others stay. Changes nothing. Needs SELECT on the log, as the
 * relay has.
 *
 * @throws INVALID_CONFIG
 */
export const planRetention = async (
  database: Database,
  { after, progress = () => undefined }: RetentionOptions,
): Promise<RetentionPlan> => {
  const { schema } = database
  const age = Math.ceil(milliseconds(after, 'after'))
  const state = {
    // Readers first: one that registers in between is found again before anything is dropped.
    readers: await logReaders(database, schema),
    lastPosition: await lastPosition(database),
  }
  const partitions: PartitionPlan[] = []
  let behind: string | undefined
  for (const partition of await logPartitions(database, schema)) {
    const plan = await look({ database, state, after: age, progress }, partition, behind)
    partitions.push(plan)
    if (plan.obstacles.length > 0) behind ??= plan.name
  }
  const { rows } = await database.query<{ overflow: boolean }>(overflowSql(schema))
  return {
    partitions,
    droppedThrough: await droppedThrough(database, schema),
    overflow: rows[0]?.overflow === true,
  }
}
