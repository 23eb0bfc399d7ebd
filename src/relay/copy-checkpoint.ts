import { failpoint } from '../lifecycle/failpoint.ts'
import { resetCheckpoint, saveCheckpoint } from '../postgres/checkpoint.ts'
import type { Database } from '../postgres/database.ts'
import { checkpointPosition } from './checkpoint.ts'
import type { Checkpoint } from './source.ts'

const atMostEvery = 1000

export interface CheckpointCopy {
  readonly database: Database
  /** Of the relay. */
  readonly name: string
  readonly token: bigint
  /** As it stands in Kafka. */
  readonly checkpoint: string | undefined
}

/**
 * In exactly-once mode the checkpoint lives in Kafka; PostgreSQL gets a copy, so that status and retention need not ask
 * Kafka. It is never read to decide where to go on, but retention drops what it has passed: so it begins where Kafka
 * says, even where that is behind an earlier copy, and only then moves on. At most once a second, and once more when
 * the relay has nothing to do.
 */
export const copyCheckpoint = async ({ database, name, token, checkpoint }: CheckpointCopy) => {
  const row = { name: `relay/${name}`, token }
  const state = checkpoint === undefined ? {} : { state: checkpoint }
  await resetCheckpoint(database, { ...row, position: checkpointPosition(name, checkpoint), ...state })
  let copied = checkpoint
  let copiedAt = 0
  let copying = false
  return ({ position, text }: Checkpoint, idle: boolean): void => {
    const due = idle || performance.now() - copiedAt >= atMostEvery
    if (copying || !due || text === copied) return
    copying = true
    saveCheckpoint(database, { ...row, position, state: text })
      .then(() => {
        copied = text
        failpoint('relay.checkpointed')
      })
      .catch(() => undefined)
      .finally(() => {
        copiedAt = performance.now()
        copying = false
      })
  }
}
