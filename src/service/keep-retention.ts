import { isOnewriteError } from '../error/onewrite-error.ts'
import type { Logger } from '../lifecycle/logger.ts'
import { type Loop, loop } from '../lifecycle/loop.ts'
import { pause } from '../lifecycle/pause.ts'
import type { PartitionPlan } from '../log/retention.ts'
import { applyRetention, type RetentionReport } from '../log/retention-drop.ts'
import type { Database } from '../postgres/database.ts'
import type { Duration } from '../retry/duration.ts'

const everyHour = 3_600_000

/** Readers that alone keep events: a forgotten one would be noticed when the disk is full. */
const holdingBack = (partitions: readonly PartitionPlan[]): readonly string[] => [
  ...new Set(
    partitions
      .filter(({ obstacles }) => obstacles.every(({ kind }) => kind === 'reader' || kind === 'behind'))
      .flatMap(({ obstacles }) =>
        obstacles.flatMap((obstacle) => (obstacle.kind === 'reader' ? [obstacle.name] : [])),
      ),
  ),
]

const tell = ({ dropped, freed, droppedThrough, partitions }: RetentionReport, logger: Logger): void => {
  if (dropped.length > 0) {
    const fields = { dropped, freed: String(freed), droppedThrough: String(droppedThrough) }
    logger.info(fields, 'retention dropped partitions of the log')
  }
  const readers = holdingBack(partitions)
  if (readers.length > 0) {
    logger.warn({ readers }, 'retention keeps old events for readers that have not passed them')
  }
}

/** Drops what is old enough and passed by all, once an hour. */
export const keepRetention = (database: Database, after: Duration, logger: Logger): Loop => {
  let refused = false
  return loop({
    name: 'retention',
    logger,
    run: async (signal, report) => {
      try {
        tell(await applyRetention(database, { after, signal }), logger)
        report('up')
      } catch (error) {
        // Another try would end the same: said once, and health goes on saying so.
        if (!isOnewriteError(error, 'PERMISSION_DENIED')) throw error
        if (!refused) logger.error({ error: error.message }, 'this role may not drop partitions of the log')
        refused = true
        report(
          'degraded',
          'this role may not drop partitions; run onewrite retention with the owner of the log',
        )
      }
      await pause(everyHour, signal)
    },
  })
}
