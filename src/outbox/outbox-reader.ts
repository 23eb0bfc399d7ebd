import { OnewriteError } from '../error/onewrite-error.ts'
import { type Logger, silentLogger } from '../lifecycle/logger.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Queryable } from '../postgres/database.ts'
import { formatLsn } from '../postgres/lsn.ts'
import type { Change, LogicalMessage, Relation, RowInserted } from '../postgres/replication.ts'
import { messageRouter } from './message-router.ts'
import { ValueFault } from './outbox-column.ts'
import type { OutboxMessages } from './outbox-messages.ts'
import type { OutboxTable } from './outbox-table.ts'
import { readColumns } from './read-columns.ts'
import { type TableRouter, tableRouter } from './table-router.ts'

export type Outbox = OutboxTable | OutboxMessages

/** What an outbox is called in messages. */
export const outboxName = (outbox: Outbox): string =>
  outbox.kind === 'table' ? `${outbox.schema}.${outbox.table}` : `the messages ${outbox.prefix}`

/** Makes records of the changes of one outbox. */
export interface OutboxReader {
  /**
   * Record of a change; undefined where it is none of the outbox, or means nothing to it. `lsn` is that of the commit.
   *
   * @throws OUTBOX_ROW_REFUSED, OUTBOX_UNREADABLE
   */
  read(change: Change, lsn: bigint): Promise<OutgoingRecord | undefined>
}

export interface OutboxReaderOptions {
  readonly outbox: Outbox
  /** Asked for the columns of the table. */
  readonly database: Queryable
  readonly logger?: Logger
}

const isOf = ({ schema, table }: OutboxTable, relation: Relation): boolean =>
  relation.schema === schema && relation.table === table

const tableReader = (
  outbox: OutboxTable,
  { database, logger = silentLogger }: OutboxReaderOptions,
): OutboxReader['read'] => {
  const name = outboxName(outbox)
  const { changed } = outbox.form.router
  let known: Relation | undefined
  let route: TableRouter | undefined

  /** The catalogue is as it is now, the row may be older: it is asked once for each shape of the table. */
  const routerOf = async (relation: Relation): Promise<TableRouter> => {
    if (route !== undefined && known === relation) return route
    const described = await readColumns(database, outbox.schema, outbox.table)
    route = tableRouter(
      outbox,
      described,
      relation.columns.map((column) => column.name),
    )
    known = relation
    return route
  }

  const insert = async ({ relation, values }: Pick<RowInserted, 'relation' | 'values'>) =>
    (await routerOf(relation))(values)

  const update = (): undefined => {
    if (changed === 'fatal') throw new ValueFault('it was changed, and table.op.invalid.behavior is fatal')
    logger[changed]({ outbox: name }, 'a row of the outbox was changed; the change is not published')
    return undefined
  }

  return async (change) => {
    if (change.kind === 'insert' && isOf(outbox, change.relation)) return insert(change)
    return change.kind === 'update' && isOf(outbox, change.relation) ? update() : undefined
  }
}

const messageReader = (outbox: OutboxMessages): OutboxReader['read'] => {
  const route = messageRouter(outbox)
  const isOurs = ({ transactional, prefix }: LogicalMessage): boolean =>
    transactional && prefix === outbox.prefix
  return async (change) => (change.kind === 'message' && isOurs(change) ? route(change.content) : undefined)
}

export const outboxReader = (options: OutboxReaderOptions): OutboxReader => {
  const { outbox, logger = silentLogger } = options
  const read = outbox.kind === 'table' ? tableReader(outbox, options) : messageReader(outbox)
  return {
    read: async (change, lsn) => {
      try {
        return await read(change, lsn)
      } catch (error) {
        if (!(error instanceof ValueFault)) throw error
        const place = { outbox: outboxName(outbox), lsn: formatLsn(lsn), fault: error.message }
        if (outbox.skip.has(place.lsn)) {
          logger.error(place, 'left out, as configured')
          return undefined
        }
        throw new OnewriteError('OUTBOX_ROW_REFUSED', place, { cause: error })
      }
    },
  }
}
