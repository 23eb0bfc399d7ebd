import type { ConsumerLag } from '../../telemetry/consumer-instruments.ts'
import type { PartitionInHand } from './in-hand.ts'

/** Records of a partition that are not dealt with. Where only offsets tell, the marks of transactions count, too. */
export const eventsOf = ({ prefix, begun, assignment }: PartitionInHand): bigint => {
  const { end, behind } = assignment
  if (behind !== undefined) return BigInt(prefix.unsettled) + behind
  const next = prefix.next ?? begun
  if (end === undefined || next === undefined) return BigInt(prefix.unsettled)
  return end > next ? end - next : 0n
}

/** How far an instance is behind, over its partitions: records, and the age of the oldest. */
export const lagOf = (
  partitions: readonly PartitionInHand[],
  now: number,
): ConsumerLag & { events: bigint } => {
  const oldest = partitions.flatMap(({ prefix }) => (prefix.oldest === undefined ? [] : [prefix.oldest]))
  return {
    events: partitions.reduce((sum, partition) => sum + eventsOf(partition), 0n),
    seconds: oldest.length === 0 ? 0 : Math.max(0, (now - Math.min(...oldest)) / 1000),
  }
}
