import type { Logger } from '../../lifecycle/logger.ts'
import type { Database } from '../../postgres/database.ts'
import { dropSlot, readSlot } from '../../postgres/slot.ts'

/** What to do with a slot that holds back more than its budget. */
export type BudgetPolicy = 'keep' | 'drop'

export interface WalBudget {
  readonly bytes: bigint
  /** `keep` (default) only says so; `drop` gives the slot up, and the relay goes on from the table. */
  readonly policy: BudgetPolicy
}

export type BudgetState = 'within' | 'half' | 'spent'

export const budgetState = (retained: bigint, { bytes }: WalBudget): BudgetState => {
  if (retained >= bytes) return 'spent'
  return retained * 2n >= bytes ? 'half' : 'within'
}

const said: Readonly<Record<BudgetPolicy, string>> = {
  keep: 'the replication slot holds back more of the write-ahead log than its budget; it is kept, as configured',
  drop: 'the replication slot holds back more of the write-ahead log than its budget; it is dropped, as configured',
}

export interface BudgetLook {
  readonly database: Database
  readonly slot: string
  readonly budget: WalBudget
  readonly logger: Logger
}

/** Looks once and says what it sees. `retained` is what the slot holds back, in bytes. */
export const lookAtBudget = async (
  look: BudgetLook,
): Promise<{ readonly state: BudgetState; readonly retained: bigint }> => {
  const { database, slot, budget, logger } = look
  const retained = (await readSlot(database, slot))?.retained ?? 0n
  const state = budgetState(retained, budget)
  const fields = { slot, retained: String(retained), budget: String(budget.bytes) }
  if (state === 'half') logger.warn(fields, 'the replication slot holds back half of its budget')
  if (state === 'spent') logger.error(fields, said[budget.policy])
  return { state, retained }
}

/** Drops the slot where its budget is spent and the policy says so. Nobody may be reading it. */
export const enforceBudget = async (look: BudgetLook): Promise<void> => {
  const { state } = await lookAtBudget(look)
  if (state === 'spent' && look.budget.policy === 'drop') await dropSlot(look.database, look.slot)
}

const lookEvery = 10_000

/** Looks while a source reads. Returns what ends it. */
export const watchBudget = (look: BudgetLook, spent: (retained: bigint) => void): (() => void) => {
  const { slot, budget, logger } = look
  const timer = setInterval(() => {
    lookAtBudget(look).then(
      ({ state, retained }) => {
        if (state === 'spent' && budget.policy === 'drop') spent(retained)
      },
      (error: unknown) => logger.warn({ slot, error: String(error) }, 'the slot cannot be looked at'),
    )
  }, lookEvery)
  return () => clearInterval(timer)
}
