import { OnewriteError } from '../../error/onewrite-error.ts'
import type { Logger } from '../../lifecycle/logger.ts'
import { pause } from '../../lifecycle/pause.ts'
import type { Database } from '../../postgres/database.ts'
import { dropSlot, readSlot, type SlotState } from '../../postgres/slot.ts'

export interface SlotUse {
  readonly database: Database
  readonly slot: string
  /** Application name of every reader of this relay. */
  readonly application: string
  readonly signal: AbortSignal
  readonly logger: Logger
}

const lookEvery = 100
/** Milliseconds after which a reader that has lost the lease is sent away. */
const patience = 3000

const terminateSql = 'select pg_terminate_backend($1)'

/**
 * Waits until nobody reads the slot, and returns its state; undefined where it does not exist.
 *
 * A slot has one reader at a time. Whoever waits here holds the lease, so a reader of the same relay is a former
 * leader: stopped in its tracks, it would keep the slot until wal_sender_timeout. It is sent away where this role may;
 * a reader of another name is left alone.
 *
 * @throws SLOT_IN_USE once the signal is aborted
 */
export const freeSlot = async (use: SlotUse): Promise<SlotState | undefined> => {
  const { database, slot, application, signal, logger } = use
  const since = performance.now()
  let told = false
  for (;;) {
    const state = await readSlot(database, slot)
    if (state === undefined || !state.active) return state
    const { activePid: pid, activeApplication: reader } = state
    if (!told) logger.info({ slot, pid, reader }, 'another reader has the slot; waiting for it')
    told = true
    if (reader === application && performance.now() - since > patience) {
      await database.query(terminateSql, [pid]).catch((error: unknown) => {
        logger.warn({ slot, pid, error: String(error) }, 'a former reader of the slot cannot be sent away')
      })
    }
    if (signal.aborted) throw new OnewriteError('SLOT_IN_USE', { slot, cause: `process ${pid} of ${reader}` })
    await pause(lookEvery, signal)
  }
}

/** Name under which every connection of a relay shows itself. */
export const applicationOf = (relay: string): string => `onewrite relay ${relay}`

export interface Abandoned {
  readonly database: Database
  readonly slot: string
  /** Whose slot it was. */
  readonly relay: string
  readonly logger: Logger
}

/** Milliseconds: longer than a former leader may keep a slot. */
const enough = 6000

/** Drops a slot that is not needed any more, so that it does not hold the write-ahead log back. Never rejects. */
export const abandonSlot = async ({ database, slot, relay, logger }: Abandoned): Promise<void> => {
  const signal = AbortSignal.timeout(enough)
  try {
    const found = await freeSlot({ database, slot, application: applicationOf(relay), signal, logger })
    if (found === undefined) return
    await dropSlot(database, slot)
    logger.info({ slot }, 'dropped a replication slot that is not needed any more')
  } catch (error) {
    logger.warn(
      { slot, error: String(error) },
      'a replication slot that is not needed any more cannot be dropped; it holds the write-ahead log back',
    )
  }
}
