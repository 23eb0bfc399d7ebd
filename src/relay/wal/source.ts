import { createHash } from 'node:crypto'
import { OnewriteError } from '../../error/onewrite-error.ts'
import type { PaceOptions } from '../../lifecycle/pace.ts'
import type { ReadLimits } from '../../log/ordered-reader.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { Database } from '../../postgres/database.ts'
import type { GuardContext, Part, RelaySource } from '../source.ts'
import { pageDefaults, tableSource, wholeLog } from '../table-source.ts'
import { type BudgetPolicy, enforceBudget, type WalBudget } from './budget.ts'
import { openWal } from './open.ts'

export interface WalSourceOptions {
  readonly database: Database
  readonly encode: (event: RawEvent) => OutgoingRecord
  /** Events and bytes that are handed on at a time. Default 2,000 and 1 MiB. */
  readonly page?: Partial<ReadLimits>
  /** How the table is looked at on the way into the write-ahead log. */
  readonly polling?: PaceOptions
  /** Default: the whole log. */
  readonly part?: Part
  /** Replication slot. Default: named after relay, schema and database; slots of all databases share their names. */
  readonly slot?: string
  /** Default: `<schema>_events`. */
  readonly publication?: string
  /** Bytes of write-ahead log that the slot may hold back. Default 4 GiB. */
  readonly walBudget?: number
  /** What happens to a slot that holds back more. Default `keep`. */
  readonly beyondBudget?: BudgetPolicy
}

export interface WalSource extends RelaySource {
  readonly publication: string
  readonly walBudget: number
  slotOf(relay: string): string
  guard(context: GuardContext): Promise<void>
}

export const walBudgetDefault = 4 * 1024 ** 3

/** PostgreSQL's limit for names. */
const longestName = 63

/** Two names that differ anywhere differ in the digest, also where they are alike once sanitised. */
export const slotName = ({ address, schema }: Database, relay: string): string => {
  const database = address.slice(address.lastIndexOf('/') + 1)
  const digest = createHash('sha256')
    .update(JSON.stringify([database, schema, relay]))
    .digest('hex')
  const plain = relay.toLowerCase().replace(/[^a-z0-9_]/g, '_')
  return `${`onewrite_${plain}`.slice(0, longestName - 9)}_${digest.slice(0, 8)}`
}

const publicationName = (schema: string): string => `${schema.slice(0, longestName - 7)}_events`

const checkOptions = ({ walBudget }: WalSourceOptions): void => {
  if (walBudget === undefined || (Number.isSafeInteger(walBudget) && walBudget > 0)) return
  throw new OnewriteError('INVALID_CONFIG', { faults: 'walBudget must be a whole number of bytes above 0' })
}

/**
 * The log as PostgreSQL writes it ahead, in the order of commits. Needs wal_level = logical, a role with REPLICATION
 * and a direct connection; the table is read where the place in the log was lost, and on the way in.
 *
 * @throws INVALID_CONFIG
 */
export const walSource = (options: WalSourceOptions): WalSource => {
  checkOptions(options)
  const { database, encode, page, part = wholeLog, polling } = options
  const { walBudget = walBudgetDefault, beyondBudget = 'keep' } = options
  const limits = { ...pageDefaults, ...page }
  const budget: WalBudget = { bytes: BigInt(walBudget), policy: beyondBudget }
  const publication = options.publication ?? publicationName(database.schema)
  const slotOf = (relay: string): string => options.slot ?? slotName(database, relay)
  const table = tableSource({ database, encode, part, page: limits, ...(polling && { polling }) })
  return {
    kind: 'wal',
    slotOf,
    publication,
    walBudget,
    guard: ({ name, logger }) => enforceBudget({ database, slot: slotOf(name), budget, logger }),
    open: (context) => {
      const slot = slotOf(context.name)
      return openWal({ database, slot, publication, table, encode, part, limits, budget, context })
    },
    poke: table.poke,
  }
}
