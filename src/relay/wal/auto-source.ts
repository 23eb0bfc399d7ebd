import { isOnewriteError } from '../../error/onewrite-error.ts'
import type { Logger } from '../../lifecycle/logger.ts'
import type { Database } from '../../postgres/database.ts'
import { readSlot } from '../../postgres/slot.ts'
import { readWalReadiness } from '../../postgres/wal-readiness.ts'
import type { RelaySource, SourceContext } from '../source.ts'
import { tableSource } from '../table-source.ts'
import { checkWal } from './open.ts'
import { type WalSourceOptions, walSource } from './source.ts'

/** What keeps a relay from the write-ahead log although nothing is wrong with its settings. */
const notForThisServer = [
  'WAL_LEVEL_TOO_LOW',
  'REPLICATION_DENIED',
  'REPLICATION_THROUGH_POOLER',
  'WAL_SENDERS_EXHAUSTED',
  'SLOTS_EXHAUSTED',
  'PUBLICATION_MISSING',
  'DATABASE_AUTHENTICATION',
] as const

const reasonOf = (error: unknown): string | undefined => {
  const found = notForThisServer.some((code) => isOnewriteError(error, code))
  return found && error instanceof Error ? error.message : undefined
}

interface Asked {
  readonly database: Database
  readonly slot: string
  readonly publication: string
}

/**
 * Why the write-ahead log cannot be read here; undefined where it can. A connection is tried, because SQL knows nothing
 * of pg_hba.conf and poolers.
 */
const obstacle = async ({ database, slot, publication }: Asked): Promise<string | undefined> => {
  try {
    await checkWal({ database, publication })
    const { slots } = await readWalReadiness(database)
    const exists = (await readSlot(database, slot)) !== undefined
    if (!exists && slots.used >= slots.most) return `all ${slots.most} replication slots are in use`
    const tried = await database.replicationConnection({ applicationName: 'onewrite relay' })
    await tried.close()
    return undefined
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    return reason
  }
}

const tell = (logger: Logger, relay: string, reason: string | undefined): void => {
  const source = reason === undefined ? 'wal' : 'table'
  const why = reason ?? 'wal_level, privilege, connection and slots allow it'
  logger.info({ relay, source, reason: why }, 'the source was chosen')
}

/**
 * The write-ahead log where server and role allow it, otherwise the table; chosen anew at the beginning of each
 * leadership, and logged with the reason. A change between the two loses and repeats nothing.
 *
 * @throws INVALID_CONFIG
 */
export const autoSource = (options: WalSourceOptions): RelaySource => {
  const { database, encode, page, part, polling } = options
  const wal = walSource(options)
  const table = tableSource({
    database,
    encode,
    ...(page && { page }),
    ...(part && { part }),
    ...(polling && { polling }),
  })
  const open = async (context: SourceContext) => {
    const slot = wal.slotOf(context.name)
    const reason = await obstacle({ database, slot, publication: wal.publication })
    tell(context.logger, context.name, reason)
    return (reason === undefined ? wal : table).open(context)
  }
  const { slotOf, walBudget, guard } = wal
  return {
    kind: 'auto',
    slotOf,
    walBudget,
    guard,
    open,
    poke: () => {
      wal.poke()
      table.poke()
    },
  }
}
