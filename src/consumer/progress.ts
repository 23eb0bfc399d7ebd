import { failpoint } from '../lifecycle/failpoint.ts'
import type { Context } from './context.ts'
import type { PartitionInHand } from './in-hand.ts'
import { saveSettled } from './ownership.ts'

const moved = (partition: PartitionInHand): boolean =>
  partition.prefix.next !== undefined && partition.prefix.next !== partition.saved

/**
 * Saves how far each partition is dealt with without a gap, under its token; then lets the transport know. In this
 * order: what the transport keeps may be behind, never ahead.
 *
 * @throws FENCED where one of them is somebody else's by now
 */
export const saveProgress = async (
  { database, id }: Context,
  partitions: readonly PartitionInHand[],
): Promise<void> => {
  const rows = partitions.filter(moved).flatMap((partition) => {
    const { prefix, owned, assignment } = partition
    const { end } = assignment
    const settled = prefix.next
    return settled === undefined
      ? []
      : [{ partition, row: { ...owned, settled, ...(end === undefined ? {} : { end }) } }]
  })
  if (rows.length === 0) return
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
