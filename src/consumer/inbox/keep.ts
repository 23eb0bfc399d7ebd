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
}

/** Opens the next slot when it is time, and drops those that are outside of the window. */
export const keepInboxOnce = async (database: Database, ownWindow: number): Promise<InboxKept> => {
  const window = await announceWindow(database, ownWindow)
  await sweep(database, window)
  const expired = (await inboxSlots(database, window)).filter((slot) => slot.expired)
  try {
    const opened = await openNextSlot(database, window)
    const dropped: number[] = []
    for (const slot of expired) if (await dropSlot(database, slot)) dropped.push(slot.slot)
    return { opened, dropped, overdue: expired.length - dropped.length }
  } catch (error) {
    // A role that may not create tables leaves this to whoever migrates; marks then go on into the last slot.
    if (!isOnewriteError(error, 'PERMISSION_DENIED')) throw error
    return { opened: undefined, dropped: [], overdue: expired.length }
  }
}

const everyMinute = 60_000

/** Keeps the inbox of a service to its window. Safe to run in every instance. */
export const keepInbox = ({ database, window, logger = silentLogger }: KeepInboxOptions): Loop =>
  loop({
    name: 'inbox',
    logger,
    run: async (signal, report) => {
      const { opened, dropped, overdue } = await keepInboxOnce(database, window)
      if (opened !== undefined) logger.debug({ slot: opened }, 'the next slot of the inbox is ready')
      if (dropped.length > 0)
        logger.info({ slots: dropped }, 'slots of the inbox outside of the window were dropped')
      if (overdue === 0) report('up')
      else report('up', `${overdue} slots of the inbox are outside of the window and still there`)
      await pause(everyMinute, signal)
    },
  })
