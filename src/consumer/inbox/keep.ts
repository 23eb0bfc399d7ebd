import { isOnewriteError } from '../../error/onewrite-error.ts'
import { type Logger, silentLogger } from '../../lifecycle/logger.ts'
import { type Loop, loop } from '../../lifecycle/loop.ts'
import { pause } from '../../lifecycle/pause.ts'
import type { Database } from '../../postgres/database.ts'
import { sweep } from '../sweep.ts'
import { announceWindow, dropSlot, inboxSlots, openNextSlot } from './slots.ts'

export interface KeepInboxOptions {
  readonly database: Database
  /** Milliseconds for which an event is known after it was dealt with. The longest of all services counts. */
  readonly window: number
  readonly logger?: Logger
}

/** What one look at the inbox has changed. */
export interface InboxKept {
  readonly opened: number | undefined
  readonly dropped: readonly number[]
  /** Slots that are outside of the window and still there. */
  readonly overdue: number
  /** Whether this role may not do it, and nobody else has. */
  readonly neglected: boolean
}

/** Opens the next slot when it is time, and drops those that are outside of the window. */
export const keepInboxOnce = async (database: Database, ownWindow: number): Promise<InboxKept> => {
  const window = await announceWindow(database, ownWindow)
  await sweep(database, window)
  const slots = await inboxSlots(database, window)
  const expired = slots.filter((slot) => slot.expired)
  try {
    const opened = await openNextSlot(database, window)
    const dropped: number[] = []
    for (const slot of expired) if (await dropSlot(database, slot)) dropped.push(slot.slot)
    return { opened, dropped, overdue: expired.length - dropped.length, neglected: false }
  } catch (error) {
    // A role that may not create tables leaves this to whoever migrates; marks then go on into the last slot.
    if (!isOnewriteError(error, 'PERMISSION_DENIED')) throw error
    const neglected = expired.length > 0 || slots.some(({ old }) => old)
    return { opened: undefined, dropped: [], overdue: expired.length, neglected }
  }
}

const everyMinute = 60_000

const neglect =
  'the inbox grows: this role may not open and drop its slots, and nobody else does; docs/roles.md says who can'

const reasonOf = ({ overdue }: InboxKept): string | undefined =>
  overdue === 0 ? undefined : `slots of the inbox outside of the window that are in use: ${overdue}`

/** Keeps the inbox of a service to its window. Safe to run in every instance. */
export const keepInbox = ({ database, window, logger = silentLogger }: KeepInboxOptions): Loop =>
  loop({
    name: 'inbox',
    logger,
    run: async (signal, report) => {
      const kept = await keepInboxOnce(database, window)
      const { opened, dropped } = kept
      if (opened !== undefined) logger.debug({ slot: opened }, 'the next slot of the inbox is ready')
      if (dropped.length > 0)
        logger.info({ slots: dropped }, 'slots of the inbox outside of the window were dropped')
      if (kept.neglected) report('degraded', neglect)
      else report('up', reasonOf(kept))
      await pause(everyMinute, signal)
    },
  })
