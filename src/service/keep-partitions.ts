import { isOnewriteError } from '../error/onewrite-error.ts'
import type { Logger } from '../lifecycle/logger.ts'
import { type Loop, loop } from '../lifecycle/loop.ts'
import { pause } from '../lifecycle/pause.ts'
import { createPartitions } from '../log/partitions.ts'
import type { Database } from '../postgres/database.ts'

const everyMinute = 60_000

const createOnce = async (database: Database, logger: Logger): Promise<void> => {
  try {
    const { created, skipped, overflow } = await createPartitions(database)
    if (created.length > 0) logger.info({ created }, 'partitions of the log were created ahead')
    if (overflow)
      logger.warn(
        { skipped },
        'the log has events without a partition of their own; retention cannot drop them',
      )
  } catch (error) {
    // A role that may not create tables leaves this to whoever migrates; events then go to the overflow partition.
    if (!isOnewriteError(error, 'PERMISSION_DENIED')) throw error
    logger.debug({}, 'this role may not create partitions')
  }
}

/** Has the next partitions of the log ready before they are needed. */
export const keepPartitions = (database: Database, logger: Logger): Loop =>
  loop({
    name: 'partitions',
    logger,
    run: async (signal, report) => {
      await createOnce(database, logger)
      report('up')
      await pause(everyMinute, signal)
    },
  })
