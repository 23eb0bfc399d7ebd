import { OnewriteError } from '../error/onewrite-error.ts'
import type { Catalogue } from '../message/catalogue.ts'
import { decode } from '../message/decode.ts'
import type { RawEvent } from '../message/raw-event.ts'
import type { RecordedEvent } from '../message/recorded-event.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { rawColumns, toRawEvent } from './raw-columns.ts'

export interface ReadStreamOptions {
  /** First sequence to read. Default 1. */
  readonly from?: number
  /** Last sequence to read. Default: the end of the stream. */
  readonly to?: number
  /** Events fetched at a time. Default 500. */
  readonly pageSize?: number
}

export interface StreamName {
  readonly aggregate: string
  readonly aggregateId: string
}

// One text array a row: the drivers of PostgreSQL disagree on what a column of another type becomes.
const streamSql = (schema: string): string => `
  select array[${rawColumns}] as columns from ${schema}.events e
  where e.aggregate_type = $1 and e.aggregate_id = $2 and e.sequence >= $3::bigint and e.sequence <= $4::bigint
  order by e.sequence
  limit $5::int`

const versionSql = (schema: string): string =>
  `select version::text from ${schema}.streams where aggregate_type = $1 and aggregate_id = $2`

/** Sequences have no gaps: an event that the version counts and that is missing was dropped. */
const firstKeptSql = (schema: string): string => `
  select coalesce((select e.sequence from ${schema}.events e
      where e.aggregate_type = $1 and e.aggregate_id = $2 and e.sequence >= $3::bigint
      order by e.sequence limit 1), s.version + 1)::text as first
  from ${schema}.streams s
  where s.aggregate_type = $1 and s.aggregate_id = $2 and s.version >= $3::bigint`

const lastSequence = 9_223_372_036_854_775_807n

/** The version of a stream: the sequence of its last event, 0 when it does not exist. */
export const streamVersion = async (
  database: Database | Transaction,
  { aggregate, aggregateId }: StreamName,
): Promise<number> => {
  const sql = versionSql(quoteIdentifier('schema', database.schema))
  const { rows } = await database.query<{ version: string }>(sql, [aggregate, aggregateId])
  return Number(rows[0]?.version ?? 0)
}

/**
 * One statement, so that an event recorded just now is in both tables or in neither.
 *
 * @throws EVENTS_DROPPED
 */
const assertStreamKept = async (
  database: Database | Transaction,
  { aggregate, aggregateId }: StreamName,
  from: number,
): Promise<void> => {
  const sql = firstKeptSql(quoteIdentifier('schema', database.schema))
  const { rows } = await database.query<{ first: string }>(sql, [aggregate, aggregateId, from])
  const first = rows[0]?.first
  if (first === undefined || first === String(from)) return
  throw new OnewriteError('EVENTS_DROPPED', {
    what: `stream ${aggregate}/${aggregateId}`,
    first: `sequence ${first}`,
    asked: `sequence ${from}`,
  })
}

async function* rawStream(
  database: Database | Transaction,
  { aggregate, aggregateId }: StreamName,
  { from = 1, to, pageSize = 500 }: ReadStreamOptions,
): AsyncGenerator<RawEvent> {
  const sql = streamSql(quoteIdentifier('schema', database.schema))
  const last = to === undefined ? String(lastSequence) : String(to)
  let next = String(Math.max(1, from))
  for (;;) {
    const values = [aggregate, aggregateId, next, last, pageSize]
    const { rows } = await database.query<{ columns: readonly (string | null)[] }>(sql, values)
    const events = rows.map(({ columns }) => toRawEvent(columns))
    if (events[0]?.sequence !== next)
      await assertStreamKept(database, { aggregate, aggregateId }, Number(next))
    yield* events
    const end = events.at(-1)
    if (end === undefined || events.length < pageSize) return
    next = String(Number(end.sequence) + 1)
  }
}

/**
 * The events of one aggregate in order, decoded and upcast; in pages, so that a long stream needs little memory. Inside
 * a transaction it sees what that transaction has appended. Where retention has dropped events that were asked for, it
 * throws instead of beginning later.
 *
 * @throws EVENTS_DROPPED, UNKNOWN_EVENT_TYPE, UNKNOWN_EVENT_VERSION, MISSING_UPCASTER
 */
export async function* readStream(
  database: Database | Transaction,
  catalogue: Catalogue,
  stream: StreamName,
  options: ReadStreamOptions = {},
): AsyncGenerator<RecordedEvent> {
  for await (const raw of rawStream(database, stream, options)) yield decode(catalogue, raw)
}
