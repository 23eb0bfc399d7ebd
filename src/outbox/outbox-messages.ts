import {
  checkNames,
  type OutboxConnectorOptions,
  type OutboxConverters,
  type RecordForm,
  readForm,
  readSkip,
  refuseFaults,
} from './outbox-table.ts'
import type { EventRouterOptions, Faults } from './router-options.ts'

export interface OutboxMessagesOptions {
  /** Messages of other prefixes are left alone. */
  readonly prefix: string
  readonly eventRouter?: EventRouterOptions
  readonly converters?: OutboxConverters
  readonly connector?: OutboxConnectorOptions
  /** Whether members that are null are kept. Default false: they are left out. */
  readonly keepNulls?: boolean
  /** Name of the publication. Default: that of the relay. */
  readonly publication?: string
  /** Name of the replication slot. Default: that of the relay. */
  readonly slot?: string
  /** Commits, as OUTBOX_ROW_REFUSED names them, whose messages are left out where they cannot be published. */
  readonly skip?: readonly string[]
}

/** Messages that another program writes into the write-ahead log. Made by `outboxMessages`. */
export interface OutboxMessages {
  readonly kind: 'messages'
  readonly prefix: string
  readonly form: RecordForm
  readonly keepNulls: boolean
  readonly publication: string | undefined
  readonly slot: string | undefined
  readonly skip: ReadonlySet<string>
}

const allowed = [
  'prefix',
  'eventRouter',
  'converters',
  'connector',
  'keepNulls',
  'publication',
  'slot',
  'skip',
]

const namePattern = /^[a-z_][a-z0-9_]{0,62}$/

/**
 * An outbox without a table: `pg_logical_emit_message(true, prefix, content)`, content being JSON with the members that
 * the router names. Only transactional messages are read: the others belong to no commit, and stand in the log although
 * the transaction that wrote them was rolled back.
 *
 * @throws INVALID_CONFIG naming every fault
 */
export const outboxMessages = (options: OutboxMessagesOptions): OutboxMessages => {
  const faults: Faults = []
  const given: Readonly<Record<string, unknown>> = { ...options }
  checkNames('', given, allowed, faults)
  const { prefix, keepNulls = false } = given
  if (typeof prefix !== 'string' || prefix === '') faults.push('prefix is no text')
  if (typeof keepNulls !== 'boolean') faults.push('keepNulls is neither true nor false')
  for (const name of ['publication', 'slot']) {
    const value = given[name]
    if (value !== undefined && !(typeof value === 'string' && namePattern.test(value))) {
      faults.push(`${name} ${JSON.stringify(value)} is no plain name (a-z, 0-9 and _)`)
    }
  }
  const form = readForm(given, faults)
  const skip = readSkip(given['skip'], faults)
  refuseFaults(faults)
  const { publication, slot } = options
  return {
    kind: 'messages',
    prefix: String(prefix),
    form,
    keepNulls: keepNulls === true,
    publication,
    slot,
    skip,
  }
}
