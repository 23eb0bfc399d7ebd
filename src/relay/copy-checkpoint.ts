import { failpoint } from '../lifecycle/failpoint.ts'
import { saveCheckpoint } from '../postgres/checkpoint.ts'
import type { Database } from '../postgres/database.ts'

const atMostEvery = 1000

/**
 * In exactly-once mode the checkpoint lives in Kafka; PostgreSQL gets a copy, so that status and retention need not ask
 * Kafka. At most once a second, and once more when the relay has nothing to do. A copy that is late or missing costs
 * nothing: it is never read to decide where to go on.
 */
export const copyCheckpoint = (database: Database, name: string, token: bigint) => {
  let copied = 0n
  let copiedAt = 0
  let copying = false
  return (position: bigint, idle: boolean): void => {
    const due = idle || performance.now() - copiedAt >= atMostEvery
    if (copying || !due || position === copied) return
    copying = true
    saveCheckpoint(database, { name: `relay/${name}`, position, token })
      .then(() => {
        copied = position
        failpoint('relay.checkpointed')
      })
      .catch(() => undefined)
      .finally(() => {
        copiedAt = performance.now()
        copying = false
      })
  }
}
