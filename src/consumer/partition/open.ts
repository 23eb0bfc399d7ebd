import { pause } from '../../lifecycle/pause.ts'
import { exponential } from '../../retry/backoff.ts'
import type { Assignment } from '../../transport/subscriber.ts'
import type { Context } from '../context.ts'
import type { PartitionInHand } from './in-hand.ts'
import { takeOwnership } from './ownership.ts'
import { settledPrefix } from './settled-prefix.ts'

export interface OpenOptions {
  readonly context: Context
  readonly assignment: Assignment
  readonly owner: string
  readonly signal: AbortSignal
}

/**
 * Takes a partition over, as often as it takes, and lets it be read; undefined where it was given away before. The
 * transport says where to begin; where it has forgotten, as Kafka does after a week, what was settled last does.
 */
export const openPartition = async (options: OpenOptions): Promise<PartitionInHand | undefined> => {
  const { context, assignment, owner, signal } = options
  const { database, id } = context
  const { name, origin } = assignment
  const backoff = exponential('100ms', { max: '5s' })
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const { settled, token } = await takeOwnership(database, { consumer: id, name, owner, origin })
      if (signal.aborted) break
      context.watch.well(name)
      if (assignment.committed === undefined && settled !== undefined) assignment.begin(settled)
      else assignment.begin()
      const begun = assignment.committed ?? settled
      return {
        assignment,
        owned: { name, token },
        prefix: settledPrefix(),
        begun,
        open: true,
        saved: undefined,
      }
    } catch (error) {
      context.watch.outage(name, error)
      await pause(backoff(attempt), signal)
    }
  }
  context.watch.well(name)
  return undefined
}
