import type { ReadLimits } from '../../log/ordered-reader.ts'
import type { Outbox } from '../../outbox/outbox-reader.ts'
import type { Database } from '../../postgres/database.ts'
import type { RelaySource } from '../source.ts'
import { pageDefaults } from '../table-source.ts'
import { type BudgetPolicy, enforceBudget, type WalBudget } from '../wal/budget.ts'
import { slotName, walBudgetDefault } from '../wal/source.ts'
import { openOutbox } from './open.ts'

export interface OutboxSourceOptions {
  readonly database: Database
  /** Made by `outboxTable`, `outboxMessages` or `fromConnector`. */
  readonly outbox: Outbox
  /** Records and bytes that are handed on at a time. Default 2,000 and 1 MiB. */
  readonly page?: Partial<ReadLimits>
  /** Bytes of write-ahead log that the slot may hold back. Default 4 GiB. */
  readonly walBudget?: number
  /** What happens to a slot that holds back more. Default `keep`. */
  readonly beyondBudget?: BudgetPolicy
}

/**
 * An outbox that another program writes, read from the write-ahead log in the order of commits. The unit is the
 * PostgreSQL transaction. Needs wal_level = logical, a role with REPLICATION and a direct connection.
 */
export const outboxSource = (options: OutboxSourceOptions): RelaySource => {
  const { database, outbox, page, walBudget = walBudgetDefault, beyondBudget = 'keep' } = options
  const limits = { ...pageDefaults, ...page }
  const budget: WalBudget = { bytes: BigInt(walBudget), policy: beyondBudget }
  const slotOf = (relay: string): string => outbox.slot ?? slotName(database, relay)
  return {
    kind: 'outbox',
    slotOf,
    walBudget,
    guard: ({ name, logger }) => enforceBudget({ database, slot: slotOf(name), budget, logger }),
    open: (context) => {
      const slot = slotOf(context.name)
      const publication = outbox.publication ?? slot
      return openOutbox({ outbox, database, slot, publication, limits, budget, context })
    },
    // Whatever is committed arrives by itself.
    poke: () => undefined,
  }
}
