import type { ReadLimits } from '../../log/ordered-reader.ts'
import { headerList } from '../../message/header-list.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { OutboxReader } from '../../outbox/outbox-reader.ts'
import type { OutboxTable } from '../../outbox/outbox-table.ts'
import { readColumns } from '../../outbox/read-columns.ts'
import type { Queryable, RawConnection } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'
import { formatLsn } from '../../postgres/lsn.ts'
import type { Relation } from '../../postgres/replication.ts'
import type { Batch, Checkpoint, Source } from '../source.ts'
import { refillHeader } from '../wal/remainder.ts'

export interface OutboxRefill {
  readonly outbox: OutboxTable
  readonly orderBy: string
  readonly reader: OutboxReader
  readonly database: Queryable
  readonly connection: RawConnection
  /** Name of an exported snapshot. */
  readonly snapshot: string
  /** Rows committed between these may not have left, all that the table holds may be repeated. */
  readonly from: bigint
  readonly to: bigint
  readonly limits: ReadLimits
  /** The checkpoint that was lost: it stands until all rows have left. */
  readonly checkpoint: Checkpoint
  /** Reads on behind the snapshot. */
  readonly readOn: () => Promise<Source>
}

// SET TRANSACTION SNAPSHOT takes no bound value; PostgreSQL names snapshots in this form.
const snapshotName = /^[0-9A-F]{8}-[0-9A-F]{8}-\d+$/i

const cursor = 'onewrite_refill'

/** Text as the walsender of this relay prints it. */
const settings = [
  "set local datestyle = 'ISO, MDY'",
  "set local timezone = 'UTC'",
  "set local intervalstyle = 'postgres'",
  'set local extra_float_digits = 1',
  "set local bytea_output = 'hex'",
]

const selectSql = ({ schema, table }: OutboxTable, columns: readonly string[], orderBy: string): string => {
  const quoted = columns.map((column) => `"${column.replaceAll('"', '""')}"`)
  const from = `${quoteIdentifier('schema', schema)}.${quoteIdentifier('table', table)}`
  return `select ${quoted.join(', ')} from ${from} order by ${quoteIdentifier('column', orderBy)}`
}

/**
 * Rows as the router takes them from the write-ahead log. The relation is made up: the table is asked for its columns,
 * in their order.
 */
const openRows = async (refill: OutboxRefill) => {
  const { outbox, orderBy, connection, snapshot, database } = refill
  if (!snapshotName.test(snapshot)) throw new Error(`${JSON.stringify(snapshot)} is not a snapshot`)
  const columns = await readColumns(database, outbox.schema, outbox.table)
  const names = columns.map(({ name }) => name)
  const relation: Relation = {
    id: 0,
    schema: outbox.schema,
    table: outbox.table,
    identity: 'nothing',
    columns: columns.map(({ name, type, modifier }) => ({ name, key: false, type, modifier })),
  }
  await connection.read('begin transaction isolation level repeatable read read only')
  await connection.read(`set transaction snapshot '${snapshot}'`)
  for (const setting of settings) await connection.read(setting)
  await connection.read(`declare ${cursor} no scroll cursor for ${selectSql(outbox, names, orderBy)}`)
  return {
    relation,
    next: (count: number) => connection.read(`fetch ${count} from ${cursor}`),
    end: () => connection.read('commit'),
  }
}

const marked = (record: OutgoingRecord, range: string): OutgoingRecord => ({
  ...record,
  headers: [...headerList(record.headers), [refillHeader, range]],
})

/** Pages are held in memory while they leave. */
const mostRows = 500

/**
 * Publishes everything that the table still holds, in the order of a column, each record marked, and then reads on in
 * the write-ahead log. The old checkpoint stands until then: after a crash the refill begins again.
 */
export const refillOutbox = (refill: OutboxRefill): Source => {
  const { reader, from, to, limits, checkpoint, readOn } = refill
  const range = `${formatLsn(from)}-${formatLsn(to)}`
  let rows: Awaited<ReturnType<typeof openRows>> | undefined
  let behind: Source | undefined

  const fromTable = async (): Promise<Batch | undefined> => {
    rows ??= await openRows(refill)
    const page = await rows.next(Math.min(limits.events, mostRows))
    if (page.length === 0) return undefined
    const records: OutgoingRecord[] = []
    for (const values of page) {
      const record = await reader.read({ kind: 'insert', relation: rows.relation, values }, to)
      if (record !== undefined) records.push(marked(record, range))
    }
    return { records, since: undefined, checkpoint, whole: true, caughtUp: false, lag: BigInt(limits.events) }
  }

  return {
    next: async () => {
      if (behind !== undefined) return behind.next()
      const batch = await fromTable()
      if (batch !== undefined) return batch
      await rows?.end()
      behind = await readOn()
      return behind.next()
    },
    settled: (at) => {
      // Pages of the table may be settled when the log was already begun: the session reads ahead.
      if (at.text !== checkpoint.text) behind?.settled(at)
    },
    wait: (progress, signal) => behind?.wait(progress, signal) ?? Promise.resolve(),
    close: async () => behind?.close(),
  }
}
