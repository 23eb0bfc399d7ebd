import { isOnewriteError } from '../../error/onewrite-error.ts'
import { failpoint } from '../../lifecycle/failpoint.ts'
import type { Context } from '../context.ts'
import type { PartitionInHand } from './in-hand.ts'
import { type Settled, saveSettled } from './ownership.ts'

const moved = (partition: PartitionInHand): boolean =>
  partition.prefix.next !== undefined && partition.prefix.next !== partition.saved

const rowOf = ({ prefix, owned, assignment }: PartitionInHand): Settled => {
  const { end } = assignment
  return { ...owned, settled: prefix.next ?? 0n, ...(end === undefined ? {} : { end }) }
}

/** In this order: what the transport keeps may be behind, never ahead. */
const save = async ({ database, id }: Context, partitions: readonly PartitionInHand[]): Promise<void> => {
  const rows = partitions.map((partition) => ({ partition, row: rowOf(partition) }))
  await saveSettled(
    database,
    id,
    rows.map(({ row }) => row),
  )
  failpoint('consumer.settled')
  for (const { partition, row } of rows) {
    partition.saved = row.settled
    partition.assignment.settle(row.settled)
  }
}

/** Whether a partition turned out to be somebody else's. */
const isTaken = async (context: Context, partition: PartitionInHand): Promise<boolean> => {
  try {
    await save(context, [partition])
    return false
  } catch (error) {
    if (isOnewriteError(error, 'FENCED')) return true
    throw error
  }
}

/**
 * Saves how far each partition is dealt with without a gap, under its token; then lets the transport know. Answers with
 * those that are somebody else's by now; they keep no other from being saved.
 */
export const saveProgress = async (
  context: Context,
  partitions: readonly PartitionInHand[],
): Promise<readonly PartitionInHand[]> => {
  const due = partitions.filter(moved)
  if (due.length === 0) return []
  try {
    await save(context, due)
    return []
  } catch (error) {
    if (!isOnewriteError(error, 'FENCED')) throw error
  }
  const taken = await Promise.all(due.map((partition) => isTaken(context, partition)))
  return due.filter((_, place) => taken[place])
}
